/**
 * @file case.h
 * A case: the folder DIR with case.cfg (libconfig), and world/, which each trial gets a fresh copy of.
 *
 *     kind = "link";                                   the step kind, with or without the plugin's name
 *     options = { link = "${world}/current"; };        as in a pipeline file
 *     secrets = { password = "a canary"; };            more options, whose values must not get out
 *     setup = ( ["ln", "-s", "v1", "${world}/x"] );    programs that make the rest of the world, run once
 *     foreign = ( ["rm", "${world}/x"] );              programs that change it behind the plugin's back
 *     ignore = ["log"];                                files and folders below world/ that a rollback may leave changed
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
} conform_case;

/** Reads a case; ${world} becomes the path world. ERROR_CONFIG says where it is wrong. */
int case_read(const char *folder, const char *world, conform_case *ret, error **err) CHECKED;
void case_done(conform_case *c);

#endif
