// Holds every #include of the product to the dependency table of docs/architecture.md, section 5.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace isthmus {
namespace {

namespace fs = std::filesystem;

struct Include {
    std::string file;  ///< from the root of the project
    std::string what;
    bool system = false;
};

std::string root() {
    return ISTHMUS_SOURCE_DIR "/";
}

std::vector<Include> includes_of(const std::string& file) {
    std::vector<Include> found;
    std::ifstream text(root() + file);
    for (std::string line; std::getline(text, line);) {
        const auto hash = line.find_first_not_of(" \t");
        if (hash == std::string::npos || line.compare(hash, 8, "#include") != 0) continue;
        const auto open = line.find_first_of("<\"", hash);
        const auto close = line.find_first_of(">\"", open + 1);
        if (open == std::string::npos || close == std::string::npos) continue;
        found.push_back({file, line.substr(open + 1, close - open - 1), line[open] == '<'});
    }
    return found;
}

std::vector<Include> all_includes(const std::vector<std::string>& folders) {
    std::vector<Include> found;
    for (const auto& folder : folders)
        for (const auto& entry : fs::recursive_directory_iterator(root() + folder)) {
            const auto kind = entry.path().extension();
            if (kind != ".hpp" && kind != ".cpp") continue;
            const auto of_file = includes_of(fs::relative(entry.path(), root()).string());
            found.insert(found.end(), of_file.begin(), of_file.end());
        }
    return found;
}

const std::vector<std::string> product = {"common", "pcscf", "icscf", "scscf"};

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}
std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}
bool begins(const std::string& text, const std::string& with) {
    return text.rfind(with, 0) == 0;
}

using Rooms = std::set<std::string>;

const Rooms all_of_common = {"common/sip",           "common/transaction", "common/proxy",    "common/dialog",
                             "common/ims",           "common/transport",   "common/database", "common/subscriber",
                             "common/observability", "common/runtime"};

Rooms with(Rooms rooms, const Rooms& more) {
    rooms.insert(more.begin(), more.end());
    return rooms;
}

/// Which folders a folder may include besides itself. The subscriber directory has a PostgreSQL adapter, which is why
/// it alone of the four edge rooms may use another one.
const std::map<std::string, Rooms>& table() {
    static const Rooms pure = {"common/sip", "common/transaction", "common/proxy", "common/dialog", "common/ims"};
    static const std::map<std::string, Rooms> rooms = {
        {"common/sip", {}},
        {"common/transaction", {"common/sip"}},
        {"common/proxy", {"common/sip", "common/transaction"}},
        {"common/dialog", {"common/sip", "common/transaction", "common/proxy"}},
        {"common/ims", {"common/sip", "common/transaction", "common/proxy", "common/dialog"}},
        {"common/transport", pure},
        {"common/database", pure},
        {"common/subscriber", with(pure, {"common/database"})},
        {"common/observability", pure},
        {"common/runtime", all_of_common},
        {"pcscf", all_of_common},
        {"icscf", all_of_common},
        {"scscf/registrar", pure},
        {"scscf/session", pure},
        {"scscf/policy", pure},
        {"scscf/interworking", pure},
        {"scscf", with(all_of_common, {"scscf/registrar", "scscf/session", "scscf/policy", "scscf/interworking"})},
    };
    return rooms;
}

TEST(Includes, every_room_includes_only_what_the_table_lets_it) {
    std::size_t looked_at = 0;
    for (const auto& include : all_includes(product)) {
        if (include.system) continue;
        ++looked_at;
        const auto room = folder_of(include.file);
        const auto used = folder_of(include.what);
        const auto row = table().find(room);
        ASSERT_NE(row, table().end()) << room << " is a new room: put it into the table here and in the architecture";
        EXPECT_TRUE(used == room || row->second.count(used) == 1) << include.file << " includes " << include.what;
        EXPECT_TRUE(fs::exists(root() + include.what))
            << include.file << " includes " << include.what << ": from the root of the project, please";
    }
    EXPECT_GT(looked_at, 300U) << "the includes were not found";
}

TEST(Includes, the_table_is_as_the_linker_has_it) {
    std::ifstream cmake(root() + "scscf/CMakeLists.txt");
    const std::string text((std::istreambuf_iterator<char>(cmake)), {});
    for (const char* room : {"scscf/registrar", "scscf/session", "scscf/policy", "scscf/interworking"})
        EXPECT_NE(text.find("isthmus_room(" + std::string(room) + " USES"), std::string::npos) << room;
}

// pcscf/ and icscf/ are one folder each: their decisions are held to the pure rooms by name. The directory's port and
// an address are values.
TEST(Includes, decisions_of_pcscf_and_icscf_use_pure_rooms_only) {
    const std::map<std::string, std::set<std::string>> decisions = {
        {"pcscf", {"access_registration", "route_enforcement", "asserted_identity", "access_binding"}},
        {"icscf", {"registration_query", "location_query", "scscf_selection", "location_cache"}},
    };
    const std::set<std::string> values = {"common/subscriber/directory.hpp", "common/transport/address.hpp"};
    const Rooms pure = {"common/sip", "common/transaction", "common/proxy", "common/dialog", "common/ims"};
    for (const auto& [role, names] : decisions)
        for (const auto& name : names)
            for (const char* kind : {".hpp", ".cpp"}) {
                const auto file = role + "/" + name + kind;
                ASSERT_TRUE(fs::exists(root() + file)) << file;
                for (const auto& include : includes_of(file)) {
                    if (include.system) continue;
                    const auto base = name_of(include.what).substr(0, name_of(include.what).find('.'));
                    const bool own = folder_of(include.what) == role && names.count(base) == 1;
                    EXPECT_TRUE(own || pure.count(folder_of(include.what)) == 1 || values.count(include.what) == 1)
                        << file << " includes " << include.what;
                }
            }
}

TEST(Includes, no_role_includes_another) {
    for (const auto& include : all_includes({"pcscf", "icscf", "scscf"})) {
        const auto role = include.file.substr(0, include.file.find('/'));
        for (const std::string other : {"pcscf/", "icscf/", "scscf/"})
            EXPECT_FALSE(!include.system && begins(include.what, other) && other != role + "/")
                << include.file << " includes " << include.what;
    }
}

TEST(Includes, Sofia_is_known_to_common_sip_and_its_tests_only) {
    std::size_t seen = 0;
    for (const auto& include : all_includes({"common", "pcscf", "icscf", "scscf", "tests"})) {
        if (!begins(include.what, "sofia-sip/")) continue;
        ++seen;
        const auto room = folder_of(include.file);
        EXPECT_TRUE(room == "common/sip" || room == "tests/unit/common/sip" || begins(room, "tests/bench") ||
                    begins(room, "tests/fuzz"))
            << include.file << " includes " << include.what;
        EXPECT_FALSE(room == "common/sip" && fs::path(include.file).extension() == ".hpp")
            << include.file << ": not in a header";
    }
    EXPECT_GT(seen, 0U);
}

const std::set<std::string> internal_headers = {"common/runtime/worker.hpp", "common/transport/connection.hpp",
                                                "common/transport/tls_contexts.hpp"};

TEST(Includes, Asio_and_Beast_stay_out_of_public_headers) {
    std::size_t seen = 0;
    for (const auto& include : all_includes(product)) {
        if (!begins(include.what, "boost/asio") && !begins(include.what, "boost/beast")) continue;
        ++seen;
        EXPECT_TRUE(fs::path(include.file).extension() == ".cpp" || internal_headers.count(include.file) == 1)
            << include.file << " includes " << include.what;
    }
    EXPECT_GT(seen, 0U);
}

TEST(Includes, internal_headers_stay_in_their_room) {
    for (const auto& include : all_includes({"common", "pcscf", "icscf", "scscf", "tests"}))
        EXPECT_FALSE(internal_headers.count(include.what) == 1 && folder_of(include.file) != folder_of(include.what))
            << include.file << " includes " << include.what;
}

TEST(Includes, each_library_stays_in_the_room_it_was_let_into) {
    const std::map<std::string, Rooms> homes = {
        {"pqxx/", {"common/database", "common/subscriber", "scscf"}},
        {"prometheus/", {"common/observability"}},
        {"spdlog/", {"common/observability"}},
        {"CLI/", {"common/runtime"}},
        {"ares", {"common/transport"}},
    };
    for (const auto& include : all_includes(product))
        for (const auto& [library, rooms] : homes)
            if (include.system && begins(include.what, library)) {
                EXPECT_TRUE(rooms.count(folder_of(include.file)) == 1) << include.file << " includes " << include.what;
            }
}

TEST(Includes, pure_rooms_know_no_socket_thread_or_clock) {
    const Rooms pure = {"common/sip",      "common/transaction", "common/proxy", "common/dialog",     "common/ims",
                        "scscf/registrar", "scscf/session",      "scscf/policy", "scscf/interworking"};
    const std::vector<std::string> impure = {
        "sys/socket.h", "netinet/", "arpa/",   "thread",     "mutex",   "condition_variable", "future", "fstream",
        "iostream",     "pqxx/",    "spdlog/", "boost/asio", "unistd.h"};
    for (const auto& include : all_includes(product)) {
        if (pure.count(folder_of(include.file)) == 0 || !include.system) continue;
        for (const auto& one : impure)
            EXPECT_FALSE(one.back() == '/' || one == "boost/asio" ? begins(include.what, one) : include.what == one)
                << include.file << " includes " << include.what;
    }
}

}  // namespace
}  // namespace isthmus
