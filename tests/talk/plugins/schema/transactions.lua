return {
  most = function() return kordless.options.most end,
}
