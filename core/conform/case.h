/**
 * @file case.h
 * A case: the folder DIR with case.cfg (libconfig), and world/, which each trial gets a fresh copy of.
 *
 *     kind = "link";                                   the step kind, with or without the plugin's name
 *     options = { link = "${world}/current"; };        as in a pipeline file
 *     secrets = { password = "a canary"; };            more options, whose values must not get out
 *     setup = ( ["ln", "-s", "v1", "${world}/x"] );    programs that make the rest of the world, run once
 *     foreign = ( ["rm", "${world}/x"] );              programs that change it behind the plugin's back
 *     server = ["redis-server", "--port", "${port}"];  a program that serves the case on that port of 127.0.0.1
 *     reset = ( ["redis-cli", "-p", "${port}", "flushall"] );  programs that bring what lies outside of world/ to its
 * start observe = ( ["redis-cli", "-p", "${port}", "get", "x"] );  programs whose output belongs to the world ignore =
 * ["log"];                                files and folders below world/ that a rollback may leave changed
 */
#ifndef CONFORM_CASE_H
#define CONFORM_CASE_H

#include "base/mem.h"

typedef struct conform_case {
    char *folder; /**< without a trailing slash */
    char *name;   /**< the folder's last part */
    char *kind;
    char **sets;    /**< "option=value", secrets too; NULL-terminated */
    char **secrets; /**< the values of secrets; NULL-terminated */
    char **ignore;
    char ***setup; /**< argument vectors; NULL-terminated */
    char ***foreign;
    char ***reset;
    char ***observe;
    char **server; /**< an argument vector; NULL: none */
} conform_case;

/** Reads a case; ${world} becomes the path world, ${port} the port, ${case} the path of the folder, ${env:NAME} a
 * variable of the environment where it is set. ERROR_CONFIG says where it is wrong. */
int case_read(const char *folder, const char *world, int port, conform_case *ret, error **err) CHECKED;
void case_done(conform_case *c);

#endif
