/** @file xml.h  Texts as XML 1.0 holds them. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/text.h"

/** Appends s, escaped; what XML cannot hold at all, and what is unsafe (clean.h), becomes '?'. attribute: line ends and
 * tabs must survive a reader, too. */
void xml_escape(text *out, const char *s, bool attribute);
/** Appends an attribute after a blank: name="value". */
void xml_attribute(text *out, const char *name, const char *value);

#endif
