#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "approval/proof.h"
#include "base/file.h"
#include "bundle/bundle.h"
#include "cli/cli.h"

#define LIST_MAX ((size_t)1024 * 1024)

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int audit_recorded(const cli_args *args, const char *signers, json_t **ret_proof, audit *ret, error **err)
{
    guard(store) s = NULL;
    store_run run = {0};
    json_t *proof = NULL;
    if (cli_open_store(args, &s, err) < 0 || cli_get_run(args, s, &run, err) < 0)
        return -(int)error_get_code(*err);
    int r = proof_gather(s, &run, &proof, err);
    if (r == 0)
        r = audit_run(proof, signers, ret, err);
    if (r == 0)
        *ret_proof = json_incref(proof);
    json_decref(proof);
    store_run_done(&run);
    return r;
}

/* Whoever goes back to an older copy of the record has a whole chain, but not the statement that came later. */
static void check_expected(const json_t *proof, const char *digest, json_t *problems)
{
    size_t i;
    const json_t *d;
    char hex[SHA256_TEXT];
    json_array_foreach(json_object_get(proof, "decisions"), i, d) {
        const char *statement = proof_text(d, "statement");
        sha256_bytes(statement, strlen(statement), hex);
        if (strcasecmp(hex, digest) == 0)
            return;
    }
    audit_add(problems, "the statement with the SHA-256 %s is not among the run's decisions", digest);
}

static void print_lines(const char *head, const json_t *lines)
{
    size_t i;
    const json_t *line;
    json_array_foreach(lines, i, line)
        printf("  %s%s\n", head, json_string_value(line));
}

static void print_text(const json_t *proof, const audit *a)
{
    const json_t *run = json_object_get(proof, "run");
    const size_t n = json_array_size(a->problems);
    printf("%s: %s %s in %s, %s\n", proof_text(run, "run"), proof_text(run, "pipeline"), proof_text(run, "version"),
           proof_text(run, "environment"), proof_text(run, "state"));
    print_lines("", a->facts);
    print_lines("DOES NOT MATCH: ", a->problems);
    if (n)
        printf("%zu %s not match.\n", n, n == 1 ? "thing does" : "things do");
    else
        puts(a->covered ? "Everything matches what was signed." : "Everything matches; nothing of it is signed.");
}

int cli_verify(const cli_args *args)
{
    guard(error) err = NULL;
    guard_mem char *signers = NULL;
    json_t *proof = NULL;
    audit a = {0};
    const char *word = args->word_count > 0 ? args->words[0] : "latest";
    int r = args->signers ? file_read(args->signers, LIST_MAX, &signers, NULL, &err) : 0;
    if (r == 0)
        r = is_file(word) ? bundle_audit(word, signers, &proof, &a, &err)
                          : audit_recorded(args, signers, &proof, &a, &err);
    if (r < 0) {
        (void)cli_fail(err);
        return EXIT_USAGE;
    }
    if (args->expect)
        check_expected(proof, args->expect, a.problems);
    const bool good = json_array_size(a.problems) == 0;
    json_t *document =
        json_pack("{s:O, s:b, s:O, s:O, s:I, s:I}", "run", json_object_get(json_object_get(proof, "run"), "run"),
                  "good", good, "problems", a.problems, "facts", a.facts, "events", (json_int_t)a.links,
                  "signed_events", (json_int_t)a.covered);
    if (args->json)
        cli_print_json(document);
    else
        print_text(proof, &a);
    json_decref(document);
    audit_done(&a);
    json_decref(proof);
    return good ? EXIT_COMMITTED : EXIT_USAGE;
}
