#include "scscf/assignment_watch.hpp"

#include <boost/json.hpp>
#include <limits>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include "common/database/listener.hpp"

namespace isthmus::scscf {

namespace {

constexpr std::size_t page = 1'000;
/// The generation of a loss that is only known to be one.
constexpr auto any_generation = std::numeric_limits<std::int64_t>::max();

database::Listener::Options options(database::ConnectionOptions connection) {
    database::Listener::Options result;
    result.connection = std::move(connection);
    result.channel = "subscriber_taken_over";
    return result;
}

}  // namespace

class AssignmentWatch::Impl {
  public:
    Impl(database::ConnectionOptions connection, std::string server_name, const RegistrationTable& table, Lost lost)
        : server_name_(std::move(server_name)),
          table_(table),
          lost_(std::move(lost)),
          listener_(options(std::move(connection)), {{"lost", "SELECT subscriber.lost($1, $2)"}},
                    {[this](pqxx::connection& c) { compare(c); }, [](pqxx::connection&, const std::string&) {}, [] {},
                     [](const std::string&) {}, [this](const std::string& payload) { notified(payload); }}) {}

  private:
    void compare(pqxx::connection& connection) {
        const auto held = table_.held();
        for (std::size_t from = 0; from < held.size(); from += page) {
            boost::json::array pairs;
            for (std::size_t i = from; i < std::min(from + page, held.size()); ++i)
                pairs.push_back(boost::json::array{held[i].first, held[i].second});
            pqxx::nontransaction query(connection);
            const pqxx::result rows = query.exec_prepared("lost", server_name_, boost::json::serialize(pairs));
            for (const auto& row : rows) lost_(row[0].as<std::int64_t>(), any_generation);
        }
    }

    void notified(const std::string& payload) {
        const auto value = boost::json::parse(payload);
        const auto& told = value.as_object();
        if (told.at("from").as_string() != server_name_) return;
        for (const auto& set : told.at("sets").as_array())
            lost_(set.to_number<std::int64_t>(), told.at("generation").to_number<std::int64_t>());
    }

    const std::string server_name_;
    const RegistrationTable& table_;
    const Lost lost_;
    database::Listener listener_;  // last: its thread uses the others
};

AssignmentWatch::AssignmentWatch(database::ConnectionOptions connection, std::string server_name,
                                 const RegistrationTable& table, Lost lost)
    : impl_(std::make_unique<Impl>(std::move(connection), std::move(server_name), table, std::move(lost))) {}

AssignmentWatch::~AssignmentWatch() = default;

}  // namespace isthmus::scscf
