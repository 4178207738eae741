#ifndef KORDLESS_VERSION_H
#define KORDLESS_VERSION_H

#define VERSION "0.1.0"

#endif
