/**
 * @file json_path.h
 * Where in a JSON document a value is, as flow files write it:
 *
 *     status   user.email   items[0].id   logs[-1].line   items[name=Developer].model   ["a.b"]   .
 *
 * Names are separated by dots; [N] is an element, [-N] one counted from the end, [NAME=TEXT] the first element whose
 * member NAME is TEXT, ["..."] a name with dots or brackets in it, and a lone dot the whole document.
 */
#ifndef HTTP_JSON_PATH_H
#define HTTP_JSON_PATH_H

#include <jansson.h>
#include <stdbool.h>

/** False when it is not written as above. */
bool json_path_is_valid(const char *path);
/** The value there, borrowed; NULL when there is none, or the path is not valid. */
const json_t *json_path_get(const json_t *document, const char *path);
/** A value as text: a string as it is, all else as JSON. The caller frees; never NULL. */
char *json_path_text(const json_t *value);

#endif
