/* What an answer that is no success says, whatever was asked. */
#include <stdlib.h>
#include <string.h>

#include "vault/api.h"

void api_answer_done(api_answer *a)
{
    json_decref(a->body);
    free(a->location);
    *a = (api_answer){0};
}

const char *api_complaint(const api_answer *answer)
{
    const char *first = json_string_value(json_array_get(json_object_get(answer->body, "errors"), 0));
    return first ? first : "";
}

int api_refused(const api *a, const api_answer *answer, const char *doing, error **err)
{
    const char *said = api_complaint(answer);
    if (answer->status == 503 && strstr(said, "sealed")) {
        (void)error_set(err, ERROR_IO, "%s is sealed", a->address);
        return error_hint(err, "somebody who holds a key share has to unseal it: vault operator unseal");
    }
    if (answer->status >= 300 && answer->status < 400) {
        (void)error_set(err, ERROR_IO, "%s sends on to %s", a->address,
                        answer->location ? answer->location : "elsewhere");
        return error_hint(err, "give that server's 'address': the token is not taken to where an answer points");
    }
    if (answer->status == 503)
        return error_set(err, ERROR_IO, "%s is not ready (503)%s%s", a->address, *said ? ": " : "", said);
    return error_set(err, ERROR_IO, "%s did not %s: status %ld%s%s", a->address, doing, answer->status,
                     *said ? ", " : "", said);
}
