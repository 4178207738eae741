# kordless: `make help` says what there is to make.

# ---- Debian packages, all in one place ------------------------------------------------
RUN_PACKAGES   = gcc make pkg-config lua5.4 liblua5.4-dev libevent-dev libsqlite3-dev \
                 libsodium-dev libssl-dev tzdata curl ca-certificates libjs-chart.js
TEST_PACKAGES  = libcmocka-dev libical-dev lua-busted lua-check lua-socket sqlite3 openssl python3 \
                 nodejs
BENCH_PACKAGES = $(TEST_PACKAGES) wrk nginx-light libnginx-mod-http-lua lua-cjson g++ \
                 $(LINT_PACKAGES)
LINT_PACKAGES  = nodejs npm
BROWSER_PACKAGES = $(LINT_PACKAGES) chromium fonts-noto-core fonts-noto-color-emoji
DEV_PACKAGES   = clang-format

LIBRARIES      = lua5.4 sqlite3 libsodium libssl libcrypto

# ---- What is built from what ----------------------------------------------------------
ifdef SANITIZE
BUILD    ?= build/asan
INSTRUMENT = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD    ?= build
endif

WARNINGS  = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla \
            -Werror=implicit-function-declaration $(if $(WERROR),-Werror)
CFLAGS   ?= -O2 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Iruntime -Iinclude $(WARNINGS) $(CFLAGS) $(INSTRUMENT) \
            -MMD -MP $(PKG_CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
LDLIBS     := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -levent_core -levent_pthreads \
              -lpthread -lm

SOURCES  := $(sort $(shell find runtime -name '*.c'))
LIBRARY  := $(filter-out runtime/main.c,$(SOURCES))
UNITS    := $(sort $(wildcard tests/unit/test_*.c))

objects      = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
test_objects = $(patsubst %.c,$(BUILD)/obj-test/%.o,$(1))
SHARED      := $(patsubst examples/native/%.c,$(BUILD)/examples/%.so,$(wildcard examples/native/*.c)) \
               $(patsubst tests/abi/%.c,$(BUILD)/abi/%.so,$(wildcard tests/abi/*.c tests/abi/v1/*.c))
UNIT_BINS   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNITS))

# Files for browsers that the binary holds: plugins/NAME/assets/, and what Debian has.
ASSETS   := $(sort $(shell find plugins -path '*/assets/*' -type f))
CHART    := /usr/share/javascript/chart.js/chart.min.js
EMBEDDED  = $(foreach f,$(ASSETS),$(subst /assets/,/,$(f:plugins/%=%))=$(f)) \
            dashboard/chart.js=$(CHART)

.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.PHONY: build units run test test-browser torture bench api lint-api clean format help \
        deps deps-test deps-bench deps-lint deps-browser FORCE

build: $(BUILD)/kordless $(BUILD)/kordless-test

# The server, and the same server with a clock that tests can set.
$(BUILD)/kordless: $(call objects,runtime/main.c) $(BUILD)/libkordless.a
$(BUILD)/kordless-test: $(call test_objects,runtime/main.c) $(BUILD)/libkordless-test.a
$(BUILD)/kordless $(BUILD)/kordless-test:
	@echo "  link    $@"
	@$(CC) $(CFLAGS) $(INSTRUMENT) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libkordless.a: $(call objects,$(LIBRARY)) $(BUILD)/obj/assets.o
$(BUILD)/libkordless-test.a: $(call test_objects,$(LIBRARY)) $(BUILD)/obj/assets.o
$(BUILD)/%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc      $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(BUILD)/obj-test/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc      $< (test clock)"
	@$(CC) $(ALL_CFLAGS) -DKORDLESS_TEST_CLOCK -c -o $@ $<

# Lua files inside the binary.
$(BUILD)/obj/runtime/lua/spec.o $(BUILD)/obj-test/runtime/lua/spec.o: $(wildcard runtime/lua/spec*.lua)
$(BUILD)/obj/runtime/lua/api_text.o $(BUILD)/obj-test/runtime/lua/api_text.o: runtime/lua/api_manifest.lua

# The files for browsers; their list changes as well as they do.
$(BUILD)/assets.list: FORCE
	@mkdir -p $(@D)
	@echo "$(EMBEDDED)" | cmp -s - $@ || echo "$(EMBEDDED)" >$@
$(BUILD)/assets.c: runtime/http/embed.lua $(BUILD)/assets.list $(ASSETS) $(CHART)
	@echo "  embed   $@"
	@lua5.4 runtime/http/embed.lua $(BUILD)/assets $(EMBEDDED)
$(BUILD)/obj/assets.o: $(BUILD)/assets.c
	@mkdir -p $(@D)
	@echo "  cc      $<"
	@$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Each tests/unit/test_*.c is a program of its own; native plugins that they load.
units: $(UNIT_BINS) $(SHARED) $(BUILD)/icalcheck
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libkordless.a
	@mkdir -p $(@D)
	@echo "  link    $@"
	@$(CC) $(CFLAGS) $(INSTRUMENT) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# Somebody else's reader of calendar files.
$(BUILD)/icalcheck: tests/ical/check.c
	@mkdir -p $(@D)
	@echo "  link    $@"
	@$(CC) -std=c11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(INSTRUMENT) $(LDFLAGS) -o $@ $< -lical

# What is compiled against include/kordless_plugin.h, or against its first edition.
$(BUILD)/examples/%.so: examples/native/%.c include/kordless_plugin.h
	@$(call share,-Iinclude)
$(BUILD)/abi/%.so: tests/abi/%.c include/kordless_plugin.h
	@$(call share,-Iinclude)
$(BUILD)/abi/v1/%.so: tests/abi/v1/%.c tests/abi/v1/kordless_plugin.h
	@$(call share,-Itests/abi/v1)
define share
mkdir -p $(@D)
echo "  share   $@"
$(CC) -std=c11 -D_GNU_SOURCE $(1) $(WARNINGS) $(CFLAGS) $(INSTRUMENT) -shared -fPIC -o $@ $<
endef

$(BUILD)/bench/%.so: tests/bench/native/%.c include/kordless_plugin.h
	@$(call share,-Iinclude)
$(BUILD)/bench/identify: tests/bench/identify.c $(BUILD)/libkordless.a
	@mkdir -p $(@D)
	@echo "  link    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $^ $(LDLIBS)
$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	@echo "  link    $@"
	@$(CC) $(ALL_CFLAGS) -o $@ $<

.SECONDARY:
-include $(shell find $(BUILD)/obj $(BUILD)/obj-test -name '*.d' 2>/dev/null)

# ---- What people ask for --------------------------------------------------------------
# A second make each: only it sees the packages that `deps` has just installed.
run: deps
	@$(MAKE) --no-print-directory $(BUILD)/kordless
	$(BUILD)/kordless serve --demo

test: deps-test
	@$(MAKE) --no-print-directory build units
	@BUILD=$(BUILD) tests/run $(ONLY)

test-browser: deps-browser
	@$(MAKE) --no-print-directory build
	@BUILD=$(BUILD) tests/browser/run $(ONLY)

torture: deps-test
	@$(MAKE) --no-print-directory build units
	@KORDLESS_TORTURE=10 TEST_TIMEOUT=7200 BUILD=$(BUILD) tests/run $(ONLY)

bench: deps-bench
	@$(MAKE) --no-print-directory build $(BUILD)/bench/floor $(BUILD)/bench/exchange.so \
	  $(BUILD)/bench/identify
	@BUILD=$(BUILD) tests/bench/run $(ONLY)

lint-api: deps-lint
	@$(MAKE) --no-print-directory build $(SHARED)
	@BUILD=$(BUILD) tests/lint/run

# The promise to plugin authors, from the table that the server goes by.
api: $(BUILD)/kordless
	@$(BUILD)/kordless api --format lua >$(BUILD)/kordless.lua
	@mv $(BUILD)/kordless.lua include/kordless.lua

clean:
	rm -rf build

format:
	@command -v clang-format >/dev/null || { echo "needs: $(DEV_PACKAGES)"; exit 1; }
	clang-format -i $(shell find runtime include tests -name '*.[ch]')

# Installs what is missing, and only then touches the network.
define install
	@missing=; for p in $(1); do \
	  dpkg-query -W -f='$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed \
	  || missing="$$missing $$p"; done; \
	[ -z "$$missing" ] && exit 0; \
	echo "installing:$$missing"; \
	sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	[ -z "$$sudo" ] || command -v sudo >/dev/null || { \
	  echo "that takes root, and there is no sudo; as root:"; \
	  echo "  apt-get install --no-install-recommends$$missing"; exit 1; }; \
	get="$$sudo env DEBIAN_FRONTEND=noninteractive apt-get"; \
	$$get install -y --no-install-recommends $$missing </dev/null >/dev/null 2>&1 \
	|| { $$get update </dev/null >/dev/null && \
	     $$get install -y --no-install-recommends $$missing </dev/null >/dev/null; }
endef

deps:
	$(call install,$(RUN_PACKAGES))
deps-test: deps
	$(call install,$(TEST_PACKAGES))
deps-bench: deps
	$(call install,$(call without_npm,$(BENCH_PACKAGES)))
# Not over a Node from elsewhere, which brings its npm and bears no other beside it.
deps-lint: deps
	$(call install,$(call without_npm,$(LINT_PACKAGES)))
deps-browser: deps
	$(call install,$(call without_npm,$(BROWSER_PACKAGES)))
without_npm = $(if $(shell command -v npm),$(filter-out $(LINT_PACKAGES),$(1)),$(1))

help:
	@echo "make              build/kordless, and build/kordless-test with a clock for tests"
	@echo "make run          install what is missing, build, serve a demo on 127.0.0.1:8080"
	@echo "make test         everything that proves something; ONLY=wire runs what matches"
	@echo "make torture      the same, with the randomized tests ten times as long"
	@echo "make bench        CPU per request beside nginx and the floor; needs two cores"
	@echo "make test-browser the dashboard in Chromium; pictures go to build/screenshots"
	@echo "make lint-api     /openapi.json under two linters from npm (redocly, spectral)"
	@echo "make api          write include/kordless.lua anew from the table of the API"
	@echo "make deps         install Debian packages to build (deps-test, -bench, … : more)"
	@echo "make format       clang-format over all C"
	@echo "make clean        remove build/ (data/ stays)"
	@echo "  SANITIZE=1      with address and undefined-behaviour checks, in build/asan"
	@echo "  WERROR=1        warnings are errors"
