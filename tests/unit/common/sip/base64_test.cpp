#include "common/sip/base64.hpp"

#include <gtest/gtest.h>

namespace isthmus::sip {
namespace {

TEST(Base64, RFC_4648_10_vectors_both_ways) {
    const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (const auto& [octets, text] : rows) {
        EXPECT_EQ(to_base64(octets), text);
        EXPECT_EQ(from_base64(text), octets);
    }
    EXPECT_EQ(from_base64(to_base64(std::string("\0\xff\0", 3))), std::string("\0\xff\0", 3));
}

TEST(Base64, what_is_no_base64_is_refused) {
    for (const char* text : {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9 ", " Zm9", "Zm9-", "Zm=v", "Zg==\n"})
        EXPECT_FALSE(from_base64(text)) << text;
    EXPECT_FALSE(from_base64(std::string(65536, 'A')));
}

TEST(Base64, hex_is_lower_case) {
    EXPECT_EQ(to_hex(std::string("\x00\x1f\xab", 3)), "001fab");
}

}  // namespace
}  // namespace isthmus::sip
