# The rules of a Belay plugin. Its Makefile sets PLUGIN, and what it needs of the others, and includes this:
#
#   PLUGIN = check-http                  the name: check-http.so is made of
#   SOURCES = check-http.c parse.c       these, C or C++ (.cc, .cpp); default: $(PLUGIN).c
#   PKGS = libcurl                       pkg-config packages that it links
#   include $(shell pkg-config --variable=plugin_mk belay)
#
# Targets: all, check (runs test/*.sh, then `belay plugin check` with each folder of case/), install, uninstall, clean.
# DESTDIR stages an install; PLUGIN_DIR says where plugins go. For another language leave SOURCES empty and write a rule for
# $(PLUGIN).so behind the include.

ifeq ($(strip $(PLUGIN)),)
$(error set PLUGIN to the plugin's name before including plugin.mk)
endif

SOURCES ?= $(PLUGIN).c
BELAY ?= $(shell pkg-config --variable=belay belay)
PLUGIN_DIR ?= $(shell pkg-config --variable=plugin_dir belay)

CFLAGS ?= -O2 -g -Wall -Wextra
CXXFLAGS ?= -O2 -g -Wall -Wextra
override CXXFLAGS += -std=c++17 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti
override CFLAGS += -std=c17 -fPIC -fvisibility=hidden
override CPPFLAGS += -D_GNU_SOURCE -MMD -MP $(shell pkg-config --cflags belay $(PKGS))
# Nothing of Belay is linked: a symbol that is missing is an error now, not when the plugin is loaded.
override LDFLAGS += -shared -Wl,-z,defs -Wl,--exclude-libs,ALL
ifneq ($(strip $(PKGS)),)
override LDLIBS += $(shell pkg-config --libs $(PKGS))
endif

belay_objects := $(addsuffix .o,$(basename $(SOURCES)))
belay_linker = $(if $(filter-out %.c,$(SOURCES)),$(CXX),$(CC))
belay_tests = $(sort $(wildcard test/*.sh))
belay_cases = $(sort $(patsubst %/case.cfg,%,$(wildcard case/*/case.cfg)))

.PHONY: all check install uninstall clean
all: $(PLUGIN).so

ifneq ($(belay_objects),)
$(PLUGIN).so: $(belay_objects)
	$(belay_linker) $(LDFLAGS) -o $@ $^ $(LDLIBS)
endif

check: all
	@set -e; for test in $(belay_tests); do echo "== $$test"; BELAY='$(BELAY)' PLUGIN=./$(PLUGIN).so sh "$$test"; done
	'$(BELAY)' plugin check ./$(PLUGIN).so $(addprefix --case ,$(belay_cases))

install: all
	install -d '$(DESTDIR)$(PLUGIN_DIR)'
	install -m 644 $(PLUGIN).so '$(DESTDIR)$(PLUGIN_DIR)/$(PLUGIN).so'

uninstall:
	rm -f '$(DESTDIR)$(PLUGIN_DIR)/$(PLUGIN).so'

clean:
	rm -f $(PLUGIN).so $(belay_objects) $(belay_objects:.o=.d)

-include $(belay_objects:.o=.d)
