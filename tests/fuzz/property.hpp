// What a fuzz target asserts besides "no crash": a broken property ends the process as a crash does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace isthmus::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds, const char* property) {
    if (holds) return;
    std::fprintf(stderr, "property broken: %s\n", property);
    std::abort();
}

/// Whatever parses must print to something that parses and prints the same.
template <class Value>
void stable(std::string_view input, const char* name) {
    const auto value = Value::parse(input);
    if (!value) return;
    const auto printed = value->print();
    const auto again = Value::parse(printed);
    require(again.has_value(), name);
    require(again->print() == printed, name);
}

}  // namespace isthmus::fuzz
