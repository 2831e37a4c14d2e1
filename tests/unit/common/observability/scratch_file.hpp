// A file name of a test's own, removed at its end.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace isthmus::observability {

class ScratchFile {
  public:
    ScratchFile()
        : name_(testing::TempDir() + "isthmus_" + std::to_string(getpid()) + "_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {}
    ~ScratchFile() { std::remove(name_.c_str()); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string content() const {
        std::ostringstream out;
        out << std::ifstream(name_, std::ios::binary).rdbuf();
        return out.str();
    }

  private:
    std::string name_;
};

}  // namespace isthmus::observability
