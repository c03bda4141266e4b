/**
 * @file properties.h
 * What a database has besides its contents: owner, encoding, locale, tablespace, connection limit, comment, security
 * labels, settings, privileges, and whether it is a template. CREATE DATABASE copies some of them, and none of those
 * that are set afterwards.
 */
#ifndef POSTGRES_PROPERTIES_H
#define POSTGRES_PROPERTIES_H

#include "server.h"

/** Bytes of a fingerprint: a line for each property, with its name and a SHA-256. */
#define PROPERTIES_TEXT 2048

/** Gives `to` the settings of `from`; safe to repeat. */
belay_status properties_copy_settings(server *s, const char *from, const char *to);
/** Gives `to` the settings, privileges, connection limit, comment and labels of `from`; safe to repeat. */
belay_status properties_copy(server *s, const char *from, const char *to);
/** Runs properties_copy()'s statements on the database itself in a transaction, and rolls that back: fails, explained,
 * when the user lacks a right that the copy would need. Nobody else sees or waits for anything. */
belay_status properties_rehearse(server *s, const char *name);

/** The fingerprint of a database's properties, "" when there is no such database. Values are hashed, because a setting
 * may be a secret. */
belay_status properties_print(server *s, const char *name, char ret[PROPERTIES_TEXT]);
/** OK when the database's properties have this fingerprint, else E_FAIL; the explanation names those that differ. */
belay_status properties_check(server *s, const char *name, const char *fingerprint);

#endif
