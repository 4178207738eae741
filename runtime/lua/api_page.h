#ifndef KORDLESS_LUA_API_PAGE_H
#define KORDLESS_LUA_API_PAGE_H

/* GET /docs/lua: the table of the API (api.h) as a page like /docs, under its policy.
 */

#include "base/buf.h"

void api_page_put(struct buf *out);

#endif
