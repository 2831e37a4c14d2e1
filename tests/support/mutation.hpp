// Seeded mutations of SIP messages: the same seed gives the same messages on every machine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace isthmus::support {

/// The RFC 4475 messages, byte-exact, by name.
inline std::vector<std::pair<std::string, std::string>> torture_corpus() {
    std::vector<std::pair<std::string, std::string>> corpus;
    for (const auto& entry : std::filesystem::directory_iterator(ISTHMUS_SOURCE_DIR "/tests/torture/rfc4475")) {
        std::ifstream file(entry.path(), std::ios::binary);
        corpus.emplace_back(entry.path().stem().string(), std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::sort(corpus.begin(), corpus.end());
    return corpus;
}

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    std::string mutate(std::string text) {
        const auto changes = 1 + below(3);
        for (std::size_t i = 0; i < changes && !text.empty(); ++i) change(text);
        return text;
    }
    std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }

  private:
    void change(std::string& text) {
        static const std::vector<std::string> pieces = {"\r\n",
                                                        " ",
                                                        "\t",
                                                        ",",
                                                        ";",
                                                        ";;",
                                                        "\"",
                                                        "<",
                                                        ">",
                                                        ":",
                                                        "=",
                                                        "@",
                                                        "%",
                                                        "%00",
                                                        "\r\n ",
                                                        "Via: ",
                                                        "sip:",
                                                        "SIP/2.0",
                                                        "Content-Length: 99999\r\n",
                                                        "CSeq: 4294967296 INVITE\r\n",
                                                        "To: ",
                                                        "tag=",
                                                        "branch=z9hG4bK",
                                                        "*",
                                                        "?",
                                                        "[",
                                                        "]",
                                                        std::string(1, '\0'),
                                                        "\xff",
                                                        "User-Agent: x\r\n",
                                                        "l: 0\r\n",
                                                        "Require: 100rel\r\n"};
        const auto at = below(text.size());
        switch (below(6)) {
            case 0:
                text[at] = static_cast<char>(below(256));
                break;
            case 1:
                text.erase(at, 1 + below(20));
                break;
            case 2:
                text.insert(at, pieces[below(pieces.size())]);
                break;
            case 3:
                text.insert(at, text.substr(below(text.size()), 1 + below(60)));
                break;
            case 4: {  // a line twice
                const auto line = text.find('\n', at);
                if (line == std::string::npos) break;
                const auto end = text.find('\n', line + 1);
                text.insert(line + 1, text.substr(line + 1, end == std::string::npos ? end : end - line));
                break;
            }
            default:
                text.resize(at);
                break;
        }
    }

    std::mt19937_64 random_;
};

}  // namespace isthmus::support
