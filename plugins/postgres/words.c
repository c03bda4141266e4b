#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "say/say.h"

/* libpq reads a service file's lines into 1024 bytes. */
#define LINE_MAX_LENGTH 1000

/* What the file leaves out: the database and the password go other ways, the service is resolved, and the place is
 * written from the session itself. */
static bool is_left_out(const char *keyword)
{
    static const char *const others[] = {"dbname", "password", "service", "servicefile", "host", "hostaddr", "port"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(keyword, others[i]) == 0)
            return true;
    return false;
}

static belay_status add_word(const server *s, buf *file, const char *keyword, const char *value)
{
    const size_t n = strlen(value);
    const char *why = strpbrk(value, "\r\n")                      ? "it has a line break"
                      : n && isspace((unsigned char)value[n - 1]) ? "it ends in white space"
                      : n + strlen(keyword) + 1 > LINE_MAX_LENGTH ? "it is too long"
                                                                  : NULL;
    if (why)
        return say_option(s->c, s->h, BELAY_E_CONFIG, "database", "shorten or remove that parameter",
                          "the connection parameter %s cannot be given to pg_dump, pg_restore and psql: %s", keyword,
                          why);
    buf_printf(file, "%s=%s\n", keyword, value);
    return BELAY_OK;
}

static belay_status add_place(const server *s, buf *file)
{
    const char *host = PQhost(s->conn), *address = PQhostaddr(s->conn), *port = PQport(s->conn);
    belay_status status = host && *host ? add_word(s, file, "host", host) : BELAY_OK;
    if (status == BELAY_OK && address && *address)
        status = add_word(s, file, "hostaddr", address);
    if (status == BELAY_OK && port && *port)
        status = add_word(s, file, "port", port);
    return status;
}

static belay_status add_words(const server *s, buf *file)
{
    PQconninfoOption *words = PQconninfo(s->conn);
    buf_puts(file, "[" WORDS_SERVICE "]\n");
    belay_status status = words ? add_place(s, file) : server_say(s, BELAY_E_RETRY, NULL, "out of memory");
    for (const PQconninfoOption *w = words; status == BELAY_OK && w->keyword; w++)
        if (w->val && *w->val && !is_left_out(w->keyword))
            status = add_word(s, file, w->keyword, w->val);
    PQconninfoFree(words);
    return status;
}

/* The file may hold sslpassword: it is private, and unlinked as soon as the program has ended. */
static belay_status write_file(const server *s, const buf *file, char **ret_path)
{
    const char *folder = s->h->fact(s->c, "work.dir");
    char *path = heap_printf("%s/pg_service-XXXXXX", folder ? folder : ".");
    guard_fd fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && write(fd, buf_get(file), file->length) == (ssize_t)file->length) {
        *ret_path = path;
        return BELAY_OK;
    }
    belay_status status =
        server_say(s, BELAY_E_RETRY, NULL, "cannot write the service file %s: %s", path, strerror(errno));
    if (fd >= 0)
        (void)unlink(path);
    free(path);
    return status;
}

belay_status words_write(const server *s, char **ret_path)
{
    buf file = {0};
    *ret_path = NULL;
    belay_status status = add_words(s, &file);
    if (status == BELAY_OK)
        status = write_file(s, &file, ret_path);
    if (file.text)
        explicit_bzero(file.text, file.length);
    buf_done(&file);
    return status;
}

static void add_quoted(buf *b, const char *keyword, const char *value)
{
    buf_printf(b, "%s%s='", b->length ? " " : "", keyword);
    for (; *value; value++) {
        if (*value == '\'' || *value == '\\')
            buf_putc(b, '\\');
        buf_putc(b, *value);
    }
    buf_putc(b, '\'');
}

char *words_local(const server *s, const char *database, bool elsewhere)
{
    static const char *const local[] = {"options", "client_encoding", "application_name", "connect_timeout",
                                        "target_session_attrs"};
    buf text = {0};
    add_quoted(&text, "dbname", database);
    PQconninfoOption *words = elsewhere ? PQconninfo(s->conn) : NULL;
    for (const PQconninfoOption *w = words; w && w->keyword; w++)
        for (size_t i = 0; i < sizeof local / sizeof *local; i++)
            if (w->val && *w->val && strcmp(w->keyword, local[i]) == 0)
                add_quoted(&text, w->keyword, w->val);
    PQconninfoFree(words);
    return buf_take(&text);
}
