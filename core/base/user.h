/** @file user.h  Who runs this program. */
#ifndef BASE_USER_H
#define BASE_USER_H

/** The name of the real user, or the number of one who has none; of root, the user who called sudo ($SUDO_USER), if
 *  any. The caller frees. */
char *user_name(void);

#endif
