/** @file vault_world.h  A server that speaks the part of Vault's HTTP API which belay-vault uses; see vault_server. */
#ifndef TESTS_E2E_VAULT_WORLD_H
#define TESTS_E2E_VAULT_WORLD_H

/** Starts it over a folder that holds the file `secret`, with TLS when there is a certificate (PEM), else NULL; gives
 * its port. It ends with this program. Skips the test program (status 77) where there is no python3. */
int vault_serve(const char *folder, const char *certificate, const char *key);

#endif
