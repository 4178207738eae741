#ifndef KORDLESS_BASE_CRC_H
#define KORDLESS_BASE_CRC_H

/* CRC-32 as of IEEE 802.3 (reflected, polynomial 0xEDB88320, all ones before and
 * after): "123456789" gives 0xCBF43926. */

#include <stdint.h>

#include "base/str.h"

uint32_t crc32_ieee(struct str text);

#endif
