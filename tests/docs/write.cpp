// Writes the generated pages below the folder that is named, or prints them.
#include <fstream>
#include <iostream>

#include "tests/docs/pages.hpp"

int main(int count, char** arguments) {
    for (const auto& page : isthmus::docs::pages()) {
        if (count < 2) {
            std::cout << page.text;
            continue;
        }
        std::ofstream file(std::string(arguments[1]) + "/" + page.file);
        if (!(file << page.text)) {
            std::cerr << "cannot write " << page.file << "\n";
            return 1;
        }
    }
    return 0;
}
