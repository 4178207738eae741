#include "lua/api_row.h"

/* What finds free starts, many at once. */

const struct api_row api_slots[] = {
    {"slots", API_LIBRARY, H | T, NEED_SLOTS, .open = lib_slots_share,
     .text = "Which starts of a grid are free, of many candidates at once. A list of "
             "slots is one object, kept in C: it is found, sorted, thinned out and "
             "written as JSON there."},
    {"slots", API_CLASS, H | T, NEED_SLOTS,
     .text =
         "A list by start, then rank, then candidate. `#s` is how many slots it has."},
    {"slots:add", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_add,
     .takes =
         LIST{{"who", "integer", "the candidate, from 1 on; each one once, in order"},
              {"open", "kordless.span", "when it can be booked"},
              {"taken?", "kordless.taken", "see db.taken"},
              {"subjects?", "string[]", "whose time it takes: names in `taken`"},
              END},
     .gives = LIST{{"fits", "boolean",
                    "false: `most` or `look` is passed, the list is good for nothing"},
                   END},
     .text =
         "Adds the candidate's free starts. The grid is anchored where an interval of "
         "`open` begins and anew at each midnight in it. A start is free when "
         "[start, start + length) lies within one interval and [start - before, "
         "start + length + after) meets nothing that is taken of any subject; or, "
         "when all subjects gather at that start already and long enough, with the "
         "places that are left."},
    {"slots:get", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_get,
     .takes = LIST{{"i", "integer", "from 1 on"}, END},
     .gives = LIST{{"start", "integer?", "nil past the end"},
                   {"free", "integer?", "places"},
                   {"who", "integer?", "the candidate"},
                   END},
     .text = "The i-th slot."},
    {"slots:drop", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_drop,
     .takes = LIST{{"refused", "table<integer, any>", "by position"}, END},
     .gives = LIST{{"self", "kordless.slots", "itself"}, END},
     .text = "Leaves out each slot i with a refused[i] other than nil and false."},
    {"slots:rank", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_rank,
     .takes = LIST{{"ranks", "table<integer, number>", "by position; nil is 0"}, END},
     .gives = LIST{{"self", "kordless.slots", "itself"}, END},
     .text =
         "Sorts the slots of one start by ranks[i], lowest first; equal ones stay in "
         "the order of their candidates."},
    {"slots:column", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_column,
     .takes =
         LIST{{"kind", "\"starts\"|\"minutes\"|\"weekdays\"|\"names\"",
               "minutes after midnight, and weekdays (1 Monday … 7), on the wall of "
               "the grid's zone"},
              {"names?", "string[]", "by candidate"},
              END},
     .gives = LIST{{"column", "integer[]|string[]", ""}, END},
     .text =
         "One value of each slot, to pass to `policy.call`: there it is a plain list. "
         "It follows the list, so do not keep it."},
    {"slots:show", API_METHOD, H | T, NEED_SLOTS, .call = lib_slots_show,
     .takes = LIST{{"names", "{start: string, finish: string, free: string}",
                    "the members that differ from slot to slot"},
                   {"faces", "table[]", "the other members, by candidate"},
                   END},
     .gives = LIST{{"shown", "any", "for a body or json.encode"}, END},
     .text = "The list as JSON will have it: an array of objects. Times are written as "
             "`time.format` does."},
    {"slots.new", API_FUNCTION, H | T, NEED_SLOTS, .call = lib_slots_new,
     .takes =
         LIST{{"grid",
               "{zone: string, step: integer, length: integer, before: integer, "
               "after: integer, lo: integer, hi: integer, capacity: integer, units: "
               "integer, most: integer, look: integer}",
               "seconds; starts lie in [lo, hi)"},
              END},
     .gives = LIST{{"slots", "kordless.slots", "an empty list"}, END},
     .text =
         "`capacity` are the places of one start, of which `units` must be free (0 "
         "lists what is taken, too); `most` is how many slots it may have, `look` how "
         "many starts may be looked at for it."},
    {.next = api_host},
};
