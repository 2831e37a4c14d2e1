// The shapes in which the functions of schema/ take and give users (004_subscriber_directory.sql). Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "common/subscriber/directory.hpp"

namespace isthmus::subscriber {

boost::json::value to_json(const Binding& binding);
/// Without "position", which is the writer's.
boost::json::object to_json(const ServerAssignment& query);

/// These throw boost::system::system_error when the database gives another shape: schema and program do not fit.
Profile profile_from_json(std::string_view text);
std::vector<Binding> bindings_from_json(std::string_view text);
std::vector<std::uint32_t> numbers_from_json(std::string_view text);

/// A result by its name in the schema's functions; an unknown name is `unable_to_comply`.
Result result_from_name(std::string_view name);

}  // namespace isthmus::subscriber
