/* attr.h - the compiler extensions this project uses, each under one name. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#if defined(__GNUC__) || defined(__clang__)
#define NORETURN	       __attribute__((noreturn))
#define MUST_CHECK	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define NORETURN
#define MUST_CHECK
#define PRINTF_LIKE(fmt, args)
#endif

#endif
