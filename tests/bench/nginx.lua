-- The same job as an nginx with Lua would be set up to do it: the SHA-256 of the key looked
-- up in a shared dictionary, three windows counted and told in the same headers, ten fields
-- as JSON. Fixed windows: the cheap kind, which admits twice its limit around a boundary.
local bench = {}

-- dir: an empty directory; keys: list of texts; port. Returns the configuration's path.
function bench.write(dir, port, keys)
  local f = assert(io.open(dir .. "/nginx.conf", "w"))
  local text = [[
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off;
user root;
master_process off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  lua_shared_dict keys 4m;
  lua_shared_dict counts 16m;
  lua_package_path "DIR/?.lua;;";
  init_by_lua_block { require("peer").load("DIR/keys") }
  server {
    listen 127.0.0.1:PORT backlog=511;
    location / { content_by_lua_block { require("peer").answer() } }
  }
}
]]
  f:write((text:gsub("DIR", dir):gsub("PORT", tostring(port))))
  f:close()
  f = assert(io.open(dir .. "/keys", "w"))
  f:write(table.concat(keys, "\n"), "\n")
  f:close()
  os.execute(("cp tests/bench/peer.lua '%s/peer.lua' && chmod -R a+rX '%s'"):format(dir, dir))
  return dir .. "/nginx.conf"
end

-- A dictionary alone: `count` keys in it, and GET /dict answers what one look-up and three
-- counters cost, in microseconds of CPU, asked in random order.
function bench.write_dict(dir, port, count)
  local f = assert(io.open(dir .. "/nginx.conf", "w"))
  local text = [[
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off;
user root;
master_process off;
pid DIR/nginx.pid;
error_log DIR/error.log warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path DIR/body;
  proxy_temp_path DIR/proxy;
  fastcgi_temp_path DIR/fastcgi;
  uwsgi_temp_path DIR/uwsgi;
  scgi_temp_path DIR/scgi;
  lua_shared_dict keys 512m;
  lua_shared_dict counts 1024m;
  init_by_lua_block {
    for i = 1, COUNT do ngx.shared.keys:set("key-of-32-bytes-and-more-" .. i, "org") end
  }
  server {
    listen 127.0.0.1:PORT;
    location /dict { content_by_lua_block {
      local keys, counts, n = ngx.shared.keys, ngx.shared.counts, 200000
      local names = {}
      for i = 1, n do names[i] = "key-of-32-bytes-and-more-" .. math.random(COUNT) end
      local begun = os.clock()
      for i = 1, n do
        local name = names[i]
        assert(keys:get(name))
        counts:incr("m" .. name, 1, 0, 60)
        counts:incr("h" .. name, 1, 0, 3600)
        counts:incr("d" .. name, 1, 0, 86400)
      end
      ngx.say((os.clock() - begun) * 1e6 / n)
    } }
  }
}
]]
  f:write((text:gsub("DIR", dir):gsub("PORT", tostring(port)):gsub("COUNT", tostring(count))))
  f:close()
  os.execute("chmod -R a+rX " .. dir)
  return dir .. "/nginx.conf"
end

return bench
