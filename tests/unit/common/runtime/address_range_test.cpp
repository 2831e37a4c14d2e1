#include "common/runtime/address_range.hpp"

#include <gtest/gtest.h>

namespace isthmus::runtime {
namespace {

bool covers(std::string_view range, std::string_view address) {
    const auto parsed = AddressRange::parse(range);
    return parsed && parsed->contains(address);
}

TEST(AddressRange, covers_what_its_prefix_says) {
    EXPECT_TRUE(covers("127.0.1.0/24", "127.0.1.255"));
    EXPECT_FALSE(covers("127.0.1.0/24", "127.0.2.0"));
    EXPECT_TRUE(covers("10.64.0.0/10", "10.127.255.255"));
    EXPECT_FALSE(covers("10.64.0.0/10", "10.128.0.0"));
    EXPECT_TRUE(covers("127.0.0.1", "127.0.0.1"));
    EXPECT_FALSE(covers("127.0.0.1", "127.0.0.2"));
    EXPECT_TRUE(covers("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(covers("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(AddressRange, zero_prefix_covers_its_family_only) {
    EXPECT_TRUE(covers("0.0.0.0/0", "203.0.113.1"));
    EXPECT_FALSE(covers("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(covers("::/0", "2001:db8::1"));
}

TEST(AddressRange, mapped_addresses_count_as_ipv4) {
    EXPECT_TRUE(covers("127.0.0.0/8", "::ffff:127.0.0.1"));
    EXPECT_TRUE(covers("[::1]", "::1"));
    EXPECT_TRUE(covers("::1", "[::1]"));
}

TEST(AddressRange, refuses_what_is_no_range) {
    for (const auto* bad : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "host", "10.0.0.0/8 "})
        EXPECT_FALSE(AddressRange::parse(bad).has_value()) << bad;
    EXPECT_FALSE(covers("127.0.0.0/8", "nonsense"));
}

TEST(AddressRange, any_of_several) {
    const std::vector<std::string> texts = {"10.0.0.0/8", "::1"};
    EXPECT_TRUE(any_contains(address_ranges(texts), "10.1.1.1"));
    EXPECT_TRUE(any_contains(address_ranges(texts), "::1"));
    EXPECT_FALSE(any_contains(address_ranges(texts), "11.1.1.1"));
}

}  // namespace
}  // namespace isthmus::runtime
