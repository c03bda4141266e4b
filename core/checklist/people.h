/** @file people.h  What people said at the gates of a run, and who they are. */
#ifndef CHECKLIST_PEOPLE_H
#define CHECKLIST_PEOPLE_H

#include <jansson.h>

#include "store/store.h"

/** The `approvals` of a filled checklist (checklist.h). The caller decrefs *ret. */
int people_gather(store *s, const char *run, json_t **ret, error **err) CHECKED;

#endif
