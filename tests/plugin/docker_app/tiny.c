/*
 * What the tests' containers run; statically linked, alone in its image. Its arguments are a script:
 *     say TEXT      writes a line          complain TEXT   writes a line to standard error
 *     nap S         sleeps                 deaf            no longer ends on SIGTERM
 *     exit N        ends                   env NAME        writes the variable's value
 *     burn S        keeps a CPU busy       eat N           holds N MiB of memory
 *     leak N        loses N KiB of memory ten times a second, for ever
 *     put TEXT      writes it without a line end   pad N   writes N bytes "x"   zero N   writes N NUL bytes
 * At the script's end it waits for SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void end(int sig)
{
    (void)sig;
    _exit(0);
}

static void say(FILE *to, const char *text)
{
    fprintf(to, "%s\n", text ? text : "(nothing)");
    fflush(to);
}

static void burn(int seconds)
{
    for (time_t until = time(NULL) + seconds; time(NULL) < until;)
        ;
}

static void eat(size_t kib)
{
    char *memory = malloc(kib << 10);
    for (size_t at = 0; memory && at < kib << 10; at += 4096)
        ((volatile char *)memory)[at] = 1;
}

static void leak(size_t kib)
{
    for (;; usleep(100000))
        eat(kib);
}

static void put(const char *text)
{
    fputs(text, stdout);
}

static void fill(char c, int n)
{
    while (n-- > 0)
        putchar(c);
}

int main(int argc, char **argv)
{
    signal(SIGTERM, end);
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        if (strcmp(argv[i], "deaf") == 0) {
            signal(SIGTERM, SIG_IGN);
            continue;
        }
        if (strcmp(argv[i], "say") == 0)
            say(stdout, value);
        else if (strcmp(argv[i], "complain") == 0)
            say(stderr, value);
        else if (strcmp(argv[i], "env") == 0)
            say(stdout, getenv(value));
        else if (strcmp(argv[i], "nap") == 0)
            sleep((unsigned)atoi(value));
        else if (strcmp(argv[i], "burn") == 0)
            burn(atoi(value));
        else if (strcmp(argv[i], "eat") == 0)
            eat((size_t)atoi(value) << 10);
        else if (strcmp(argv[i], "leak") == 0)
            leak((size_t)atoi(value));
        else if (strcmp(argv[i], "put") == 0)
            put(value);
        else if (strcmp(argv[i], "pad") == 0)
            fill('x', atoi(value));
        else if (strcmp(argv[i], "zero") == 0)
            fill('\0', atoi(value));
        else if (strcmp(argv[i], "exit") == 0)
            return atoi(value);
        i++;
    }
    for (;;)
        pause();
}
