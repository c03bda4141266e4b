#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalog/elf.h"
#include "kit.h"

/* The bytes of a real plugin; the caller frees. */
static char *plugin_bytes(size_t *ret_size)
{
    error *err = NULL;
    char *bytes = NULL;
    assert_int_equal(
        file_read(kit_path("%s/plugins/host.so", getenv("BELAY_BUILD_DIR")), 64u << 20, &bytes, ret_size, &err), 0);
    return bytes;
}

static void assert_refused(const char *bytes, size_t size, const char *why)
{
    error *err = NULL;
    assert_int_equal(elf_check(bytes, size, &err), -ERROR_PLUGIN);
    char *said = error_text(err);
    if (!strstr(said, why))
        fail_msg("'%s' is missing from: %s", why, said);
    free(said);
    error_free(err);
}

/* Writes `to` over every place where the file has `from`, which is as long. */
static void replace(char *bytes, size_t size, const char *from, const char *to)
{
    size_t n = strlen(from);
    assert_int_equal(n, strlen(to));
    for (char *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), from, n)); at += n)
        memcpy(at, to, n);
}

static void a_plugin_for_this_machine_is_taken(void **state)
{
    (void)state;
    size_t size = 0;
    error *err = NULL;
    char *bytes = plugin_bytes(&size);
    assert_int_equal(elf_check(bytes, size, &err), 0);
    free(bytes);
}

static void what_is_no_elf_file_is_told(void **state)
{
    (void)state;
    assert_refused("", 0, "not a shared object");
    assert_refused("#!/bin/sh\necho plugin\n", 22, "not a shared object");
}

static void another_machine_is_named(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plugin_bytes(&size);
    const int other = (unsigned char)bytes[18] == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
    bytes[18] = (char)other;
    bytes[19] = 0;
    assert_refused(bytes, size, other == EM_AARCH64 ? "built for aarch64, this machine is" : "built for x86-64");
    bytes[EI_DATA] = ELFDATA2MSB;
    bytes[18] = 0;
    bytes[19] = EM_S390;
    assert_refused(bytes, size, "built for s390x");
    free(bytes);
}

static void another_type_of_file_is_told(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plugin_bytes(&size);
    bytes[16] = ET_REL;
    assert_refused(bytes, size, "an object file or a program");
    free(bytes);
}

static void a_library_that_is_no_plugin_is_told(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plugin_bytes(&size);
    replace(bytes, size, "belay_plugin_v1", "other_plugin_v1");
    assert_refused(bytes, size, "does not export belay_plugin_v1");
    free(bytes);
}

static void a_plugin_for_another_interface_is_told(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plugin_bytes(&size);
    replace(bytes, size, "belay_plugin_v1", "belay_plugin_v7");
    assert_refused(bytes, size, "built for plugin interface 7, this Belay speaks 1");
    free(bytes);
}

static void a_file_cut_off_anywhere_or_with_any_byte_changed_does_no_harm(void **state)
{
    (void)state;
    size_t size = 0;
    char *bytes = plugin_bytes(&size);
    for (size_t cut = 0; cut < size; cut += cut < 4096 ? 7 : 1009) {
        error *err = NULL;
        char *part = malloc(cut + 1); /* its own size, so that a sanitizer sees each byte too far */
        memcpy(part, bytes, cut);
        assert_int_not_equal(elf_check(part, cut, &err), 0);
        error_free(err);
        free(part);
    }
    unsigned seed = 1;
    for (int i = 0; i < 2000; i++) {
        error *err = NULL;
        seed = seed * 1103515245 + 12345;
        size_t at = i % 2 ? seed % size : seed % 64, table = size - 1 - seed % 2048;
        char kept = bytes[at], kept_table = bytes[table];
        bytes[at] = (char)(seed >> 16);
        bytes[table] = (char)(seed >> 8);
        (void)!elf_check(bytes, size, &err);
        error_free(err);
        bytes[table] = kept_table;
        bytes[at] = kept;
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_for_this_machine_is_taken),
        cmocka_unit_test(what_is_no_elf_file_is_told),
        cmocka_unit_test(another_machine_is_named),
        cmocka_unit_test(another_type_of_file_is_told),
        cmocka_unit_test(a_library_that_is_no_plugin_is_told),
        cmocka_unit_test(a_plugin_for_another_interface_is_told),
        cmocka_unit_test(a_file_cut_off_anywhere_or_with_any_byte_changed_does_no_harm),
    };
    return cmocka_run_group_tests_name("catalog, ELF", tests, NULL, NULL);
}
