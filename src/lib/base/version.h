/* version.h - which suite this is, for people. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SUITE_VERSION "Angarium 0.9"

#endif
