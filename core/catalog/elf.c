#include "catalog/elf.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define ENTRY_PREFIX "belay_plugin_v"
#define ENTRY_MAJOR  1

/* The linker puts it at the beginning of this very program: what we are built for. */
// NOLINTNEXTLINE(bugprone-reserved-identifier)
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

typedef struct image {
    const unsigned char *bytes;
    size_t size;
    ElfW(Ehdr) header;
} image;

/* Copies size bytes from offset; false when the file ends before. Nothing in the file needs to be aligned. */
static bool get(const image *f, uint64_t offset, void *into, size_t size)
{
    if (offset > f->size || size > f->size - offset)
        return false;
    memcpy(into, f->bytes + offset, size);
    return true;
}

static const char *machine_name(unsigned machine, char buf[24])
{
    static const struct {
        unsigned machine;
        const char *name;
    } names[] = {
        {EM_386, "i386"},   {EM_X86_64, "x86-64"}, {EM_ARM, "arm"},   {EM_AARCH64, "aarch64"}, {EM_PPC64, "ppc64"},
        {EM_S390, "s390x"}, {EM_RISCV, "riscv"},   {EM_MIPS, "mips"}, {EM_SPARCV9, "sparc64"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].machine == machine)
            return names[i].name;
    (void)snprintf(buf, 24, "machine type %u", machine);
    return buf;
}

/* e_machine lies at the same place in every class; its bytes in the file's own order. */
static unsigned machine_of(const unsigned char *ident)
{
    unsigned low = ident[18], high = ident[19];
    return ident[EI_DATA] == ELFDATA2MSB ? low << 8 | high : high << 8 | low;
}

static int check_machine(const image *f, error **err)
{
    unsigned char start[20], own[20];
    char buf[24], own_buf[24];
    memcpy(own, &__ehdr_start, sizeof own);
    if (!get(f, 0, start, sizeof start) || memcmp(start, ELFMAG, SELFMAG) != 0)
        return error_set(err, ERROR_PLUGIN, "not a shared object (no ELF file)");
    unsigned machine = machine_of(start);
    if (machine != machine_of(own))
        return error_set(err, ERROR_PLUGIN, "built for %s, this machine is %s", machine_name(machine, buf),
                         machine_name(machine_of(own), own_buf));
    if (start[EI_CLASS] != own[EI_CLASS] || start[EI_DATA] != own[EI_DATA])
        return error_set(err, ERROR_PLUGIN, "built for another word size or byte order of %s",
                         machine_name(machine, buf));
    return 0;
}

static bool get_section(const image *f, size_t index, ElfW(Shdr) * ret)
{
    return index < f->header.e_shnum && f->header.e_shentsize == sizeof *ret &&
           get(f, f->header.e_shoff + index * sizeof *ret, ret, sizeof *ret);
}

/* The name at offset of a string table; NULL when it is not wholly within the file. */
static const char *name_at(const image *f, const ElfW(Shdr) * strings, uint64_t offset)
{
    if (strings->sh_offset > f->size || strings->sh_size > f->size - strings->sh_offset || offset >= strings->sh_size)
        return NULL;
    const char *name = (const char *)f->bytes + strings->sh_offset + offset;
    return memchr(name, '\0', strings->sh_size - offset) ? name : NULL;
}

static bool is_exported(const ElfW(Sym) * symbol)
{
    unsigned bind = symbol->st_info >> 4;
    return symbol->st_shndx != SHN_UNDEF && (bind == STB_GLOBAL || bind == STB_WEAK);
}

/* The N of belay_plugin_vN; 0: the name is none of these. */
static unsigned long entry_major(const char *name)
{
    if (!text_starts(name, ENTRY_PREFIX))
        return 0;
    const char *digits = name + strlen(ENTRY_PREFIX);
    return digits[strspn(digits, "0123456789")] ? 0 : strtoul(digits, NULL, 10);
}

/* Looks for belay_plugin_v1 among the dynamic symbols; *other is the major of another such symbol, or 0. */
static bool has_entry(const image *f, const ElfW(Shdr) * table, const ElfW(Shdr) * strings, unsigned long *other)
{
    ElfW(Sym) symbol;
    if (table->sh_entsize != sizeof symbol)
        return false;
    for (uint64_t i = 0; i < table->sh_size / sizeof symbol; i++) {
        if (!get(f, table->sh_offset + i * sizeof symbol, &symbol, sizeof symbol))
            return false;
        const char *name = name_at(f, strings, symbol.st_name);
        unsigned long major = name && is_exported(&symbol) && (symbol.st_info & 15) == STT_FUNC ? entry_major(name) : 0;
        if (major == ENTRY_MAJOR)
            return true;
        *other = major ? major : *other;
    }
    return false;
}

static int check_entry(const image *f, error **err)
{
    unsigned long other = 0;
    ElfW(Shdr) last;
    if (f->header.e_shnum == 0 || !get_section(f, f->header.e_shnum - 1u, &last))
        return error_set(err, ERROR_PLUGIN, "damaged: it ends before its section table does");
    for (size_t i = 0; i < f->header.e_shnum; i++) {
        ElfW(Shdr) table, strings;
        if (get_section(f, i, &table) && table.sh_type == SHT_DYNSYM && get_section(f, table.sh_link, &strings) &&
            has_entry(f, &table, &strings, &other))
            return 0;
    }
    if (!other)
        return error_set(err, ERROR_PLUGIN, "not a Belay plugin: it does not export " ENTRY_PREFIX "%d", ENTRY_MAJOR);
    (void)error_set(err, ERROR_PLUGIN, "built for plugin interface %lu, this Belay speaks %d", other, ENTRY_MAJOR);
    return error_hint(err, "install a build of the plugin for interface %d", ENTRY_MAJOR);
}

int elf_check(const void *bytes, size_t size, error **err)
{
    image f = {.bytes = bytes, .size = size};
    int r = check_machine(&f, err);
    if (r < 0)
        return r;
    if (!get(&f, 0, &f.header, sizeof f.header))
        return error_set(err, ERROR_PLUGIN, "damaged: it ends within its ELF header");
    if (f.header.e_type != ET_DYN)
        return error_set(err, ERROR_PLUGIN, "not a shared object (an object file or a program)");
    return check_entry(&f, err);
}

/* What linkers, and what sanitizers and coverage, put into every library that they build. */
static bool is_of_tool_chain(const char *name)
{
    static const char *const begin[] = {"__asan_", "__odr_asan", "__lsan_",  "__ubsan_", "__tsan_",    "__sanitizer_",
                                        "__gcov_", "__llvm_",    "__start_", "__stop_",  "__bss_start"};
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
        if (text_starts(name, begin[i]))
            return true;
    return strcmp(name, "_init") == 0 || strcmp(name, "_fini") == 0;
}

/* Each kind that a program may use by its name: functions, also those that are chosen at load, and data. */
static bool is_own_export(const ElfW(Sym) * symbol, const char *name)
{
    unsigned type = symbol->st_info & 15;
    bool usable = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT || type == STT_TLS;
    return is_exported(symbol) && usable && entry_major(name) == 0 && !is_of_tool_chain(name);
}

static const char *find_other(const image *f, const ElfW(Shdr) * table, const ElfW(Shdr) * strings)
{
    ElfW(Sym) symbol;
    for (uint64_t i = 0; table->sh_entsize == sizeof symbol && i < table->sh_size / sizeof symbol; i++) {
        if (!get(f, table->sh_offset + i * sizeof symbol, &symbol, sizeof symbol))
            return NULL;
        const char *name = name_at(f, strings, symbol.st_name);
        if (name && is_own_export(&symbol, name))
            return name;
    }
    return NULL;
}

char *elf_other_export(const void *bytes, size_t size)
{
    image f = {.bytes = bytes, .size = size};
    if (!get(&f, 0, &f.header, sizeof f.header))
        return NULL;
    const char *other = NULL;
    for (size_t i = 0; i < f.header.e_shnum && !other; i++) {
        ElfW(Shdr) table, strings;
        if (get_section(&f, i, &table) && table.sh_type == SHT_DYNSYM && get_section(&f, table.sh_link, &strings))
            other = find_other(&f, &table, &strings);
    }
    return mem_dup_or_null(other);
}
