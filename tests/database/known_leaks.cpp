// What LeakSanitizer is told when these tests run under it.

/// libpqxx 6.4 forgets the result of the statement under which a connection broke: 2 KB for each lost session, of which
/// these tests make many. Errors of SQL leak nothing, so everything else stays a finding.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:PQmakeEmptyPGresult\n";
}
