# The rules of a Belay plugin. Its Makefile sets PLUGIN, and what it needs of the others, and includes this:
#
#   PLUGIN = check-http                  the name: check-http.so is made of
#   SOURCES = check-http.c parse.c       these, C or C++ (.cc, .cpp); default: $(PLUGIN).c
#   PKGS = libcurl                       pkg-config packages that it links
#   include $(shell pkg-config --variable=plugin_mk belay)
#
# Targets: all, check (builds each test/*.c with the testkit and runs it, runs test/*.sh, then `belay plugin check` with each
# folder of case/), install, uninstall, clean.
# DESTDIR stages an install; PLUGIN_DIR says where plugins go: without it Belay's own folder, or, for a user who may not
# write there, ~/.local/share/belay/plugins. V=1 shows the commands. For another language leave SOURCES empty and write a
# rule for $(PLUGIN).so behind the include.

ifeq ($(strip $(PLUGIN)),)
$(error set PLUGIN to the plugin's name before including plugin.mk)
endif

SOURCES ?= $(PLUGIN).c
BELAY ?= $(shell pkg-config --variable=belay belay)
belay_dir := $(shell pkg-config --variable=plugin_dir belay)
PLUGIN_DIR ?= $(if $(or $(DESTDIR),$(shell test -w '$(belay_dir)' && echo yes)),$(belay_dir),$(HOME)/.local/share/belay/plugins)

CFLAGS ?= -O2 -g -Wall -Wextra
CXXFLAGS ?= -O2 -g -Wall -Wextra
override CXXFLAGS += -std=c++17 -fPIC -fvisibility=hidden -fno-exceptions -fno-rtti
override CFLAGS += -std=c17 -fPIC -fvisibility=hidden
override CPPFLAGS += -D_GNU_SOURCE -MMD -MP $(shell pkg-config --cflags belay $(PKGS))
# Nothing of Belay is linked: a symbol that is missing is an error now, not when the plugin is loaded. One is exported.
belay_map := $(shell pkg-config --variable=plugin_map belay)
override LDFLAGS += -shared -Wl,-z,defs -Wl,--version-script='$(belay_map)'
ifneq ($(strip $(PKGS)),)
override LDLIBS += $(shell pkg-config --libs $(PKGS))
endif

quiet = $(if $(V),,@)
belay_objects := $(addsuffix .o,$(basename $(SOURCES)))
belay_linker = $(if $(filter-out %.c,$(SOURCES)),$(CXX),$(CC))
belay_tests = $(sort $(wildcard test/*.sh))
belay_programs := $(patsubst %.c,%.test,$(sort $(wildcard test/*.c)))
belay_cases = $(sort $(patsubst %/case.cfg,%,$(wildcard case/*/case.cfg)))

.PHONY: all check install uninstall clean
all: $(PLUGIN).so

%.o: %.c
	@echo '  CC    $<'
	$(quiet)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

%.o: %.cc
	@echo '  CXX   $<'
	$(quiet)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

%.o: %.cpp
	@echo '  CXX   $<'
	$(quiet)$(CXX) $(CPPFLAGS) $(CXXFLAGS) -c -o $@ $<

ifneq ($(belay_objects),)
$(PLUGIN).so: $(belay_objects)
	@echo '  LINK  $@'
	$(quiet)$(belay_linker) $(LDFLAGS) -o $@ $^ $(LDLIBS)
endif

# 77: what the test needs is not there; it said so.
check: all $(belay_programs)
	@for test in $(belay_programs); do echo "== $$test"; \
		BELAY='$(BELAY)' PLUGIN=./$(PLUGIN).so ./$$test || [ $$? = 77 ] || exit 1; done
	@set -e; for test in $(belay_tests); do echo "== $$test"; BELAY='$(BELAY)' PLUGIN=./$(PLUGIN).so sh "$$test"; done
	$(quiet)'$(BELAY)' plugin check ./$(PLUGIN).so $(addprefix --case ,$(belay_cases))

test/%.test: test/%.c
	@echo '  TEST  $<'
	$(quiet)$(CC) $(CPPFLAGS) $(filter-out -fvisibility=hidden,$(CFLAGS)) $(shell pkg-config --cflags belay-testkit) -o $@ $< \
		$(shell pkg-config --libs belay-testkit)

install: all
	@echo '  INSTALL $(DESTDIR)$(PLUGIN_DIR)/$(PLUGIN).so'
	$(quiet)install -d '$(DESTDIR)$(PLUGIN_DIR)'
	$(quiet)install -m 644 $(PLUGIN).so '$(DESTDIR)$(PLUGIN_DIR)/$(PLUGIN).so'

uninstall:
	$(quiet)rm -f '$(DESTDIR)$(PLUGIN_DIR)/$(PLUGIN).so'

clean:
	$(quiet)rm -f $(PLUGIN).so $(belay_objects) $(belay_objects:.o=.d) $(belay_programs) $(belay_programs:.test=.d)

-include $(belay_objects:.o=.d)
