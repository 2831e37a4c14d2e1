#include "common/subscriber/postgres_directory.hpp"

#include <openssl/rand.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pqxx/transaction>
#include <stdexcept>
#include <utility>
#include <variant>

#include "common/database/grouped_writer.hpp"
#include "common/subscriber/aka.hpp"
#include "common/subscriber/postgres_json.hpp"

namespace isthmus::subscriber {
namespace {

const std::vector<database::Statement>& statements() {
    static const std::vector<database::Statement> all{
        {"authorise",
         "SELECT result, server_name, to_json(mandatory), to_json(optional) "
         "FROM subscriber.authorise($1, $2, $3, $4, $5)"},
        {"locate",
         "SELECT result, server_name, to_json(mandatory), to_json(optional) FROM subscriber.locate($1, $2, $3)"},
        {"allow_reassignment", "SELECT subscriber.allow_reassignment($1, $2)"},
        {"authentication",
         "SELECT result, chosen, realm, ha1, ha1_sha256, server_name, to_be_noted, registered "
         "FROM subscriber.authentication($1, $2, $3, $4)"},
        {"issue_aka", "SELECT position, k, opc, amf, sqn FROM subscriber.issue_aka($1)"},
        {"aka_secret", "SELECT k, opc FROM subscriber.aka_secret($1)"},
        {"await_authentication", "SELECT subscriber.await_authentication($1)"},
        {"assign",
         "SELECT position, result, server_name, profile, bindings FROM subscriber.assign($1) ORDER BY position"},
        {"read_user", "SELECT server_name, reassignable, profile, bindings FROM subscriber.read_user($1)"},
        {"load_bindings", "SELECT set_id, profile, bindings FROM subscriber.load_bindings($1, $2, $3)"},
        {"servers",
         "SELECT name, to_json(capabilities), priority, weight FROM subscriber.server ORDER BY priority, name"},
        {"home_domains", "SELECT domain FROM subscriber.home_domain ORDER BY domain"},
    };
    return all;
}

std::string_view name(AuthorizationType type) {
    switch (type) {
        case AuthorizationType::registration:
            return "registration";
        case AuthorizationType::de_registration:
            return "de_registration";
        case AuthorizationType::registration_and_capabilities:
            return "registration_and_capabilities";
    }
    return "registration";
}

std::string_view name(AuthenticationScheme scheme) {
    switch (scheme) {
        case AuthenticationScheme::unknown:
            return "unknown";
        case AuthenticationScheme::sip_digest:
            return "sip_digest";
        case AuthenticationScheme::digest_aka_v1_md5:
            return "digest_aka_v1_md5";
    }
    return "unknown";
}

std::string text_or_empty(const pqxx::field& field) {
    return field.is_null() ? std::string() : field.c_str();
}

std::vector<std::uint32_t> numbers(const pqxx::field& field) {
    return field.is_null() ? std::vector<std::uint32_t>() : numbers_from_json(field.c_str());
}

ServerAnswer server_answer(const pqxx::row& row) {
    ServerAnswer answer;
    answer.result = result_from_name(row[0].c_str());
    answer.server_name = text_or_empty(row[1]);
    answer.capabilities = {numbers(row[2]), numbers(row[3])};
    return answer;
}

Result without_answer(const database::JobResult& result) {
    return result.outcome == database::Outcome::unreachable ? Result::unreachable : Result::unable_to_comply;
}

template <typename Answer>
Answer failed(const database::JobResult& result) {
    Answer answer;
    answer.result = without_answer(result);
    return answer;
}

/// Numbers the requests of a group, so that each finds its answer.
template <typename Item, typename ToJson>
std::string numbered(const std::vector<Item>& items, ToJson to_json_object) {
    boost::json::array all;
    for (std::size_t i = 0; i < items.size(); ++i) {
        boost::json::object object = to_json_object(items[i]);
        object["position"] = i;
        all.push_back(std::move(object));
    }
    return boost::json::serialize(all);
}

std::vector<AssignmentAnswer> write_assignments(pqxx::work& transaction, const std::vector<ServerAssignment>& items) {
    const std::string requests = numbered(items, [](const ServerAssignment& item) { return to_json(item); });
    std::vector<AssignmentAnswer> answers(items.size());
    const pqxx::result rows = transaction.exec_prepared("assign", requests);
    for (const auto& row : rows) {
        AssignmentAnswer& answer = answers.at(row[0].as<std::size_t>());
        answer.result = result_from_name(row[1].c_str());
        answer.server_name = text_or_empty(row[2]);
        if (row[3].is_null()) continue;
        answer.profile = profile_from_json(row[3].c_str());
        answer.bindings = bindings_from_json(row[4].c_str());
    }
    return answers;
}

/// Hexadecimal digits as the schema's functions write keys.
template <typename Octets>
Octets octets(const pqxx::field& field) {
    const std::string_view hex = field.c_str();
    Octets result{};
    if (hex.size() != result.size() * 2) throw std::runtime_error("a key of the directory has another length");
    for (std::size_t i = 0; i < result.size(); ++i) {
        const char* const digits = hex.data() + 2 * i;
        if (std::from_chars(digits, digits + 2, result.at(i), 16).ptr != digits + 2)
            throw std::runtime_error("a key of the directory is not hexadecimal");
    }
    return result;
}

/// Whose sequence number is wanted; with what his card said it has.
struct AkaRequest {
    std::string private_identity;
    std::optional<aka::Number> card_sqn;
};
struct AkaIssue {
    aka::Secret secret;
    aka::Number sqn = 0;
};

/// One answer for each request; nothing for who has no card.
std::vector<std::optional<AkaIssue>> issue_aka(pqxx::work& transaction, const std::vector<AkaRequest>& items) {
    const std::string requests = numbered(items, [](const AkaRequest& item) {
        boost::json::object object{{"private_identity", item.private_identity}};
        if (item.card_sqn) object["card_sqn"] = *item.card_sqn;
        return object;
    });
    std::vector<std::optional<AkaIssue>> answers(items.size());
    const pqxx::result rows = transaction.exec_prepared("issue_aka", requests);
    for (const auto& row : rows)
        answers.at(row[0].as<std::size_t>()) =
            AkaIssue{{octets<aka::Block>(row[1]), octets<aka::Block>(row[2]), octets<aka::Amf>(row[3])},
                     row[4].as<aka::Number>()};
    return answers;
}

/// Nobody foresees a challenge.
aka::Block random_challenge() {
    aka::Block rand{};
    if (RAND_bytes(rand.data(), static_cast<int>(rand.size())) != 1)
        throw std::runtime_error("no randomness for a challenge");
    return rand;
}

/// Where the answer to a challenge is to come.
struct AwaitedAuthentication {
    std::string public_identity;
    std::string server;
};

std::vector<std::monostate> note_awaited(pqxx::work& transaction, const std::vector<AwaitedAuthentication>& items) {
    const std::string requests = numbered(items, [](const AwaitedAuthentication& item) {
        return boost::json::object{{"public_identity", item.public_identity}, {"server", item.server}};
    });
    transaction.exec_prepared("await_authentication", requests);
    return std::vector<std::monostate>(items.size());
}

}  // namespace

class PostgresDirectory::Impl {
  public:
    Impl(database::PoolOptions options, database::Pool::StateChange state_change)
        : pool(std::move(options), statements(), std::move(state_change)),
          assignments(pool, write_assignments),
          awaited(pool, note_awaited),
          aka_issues(pool, issue_aka) {}

    ~Impl() { pool.close(); }

    /// `query` runs on a thread of the pool; what it returns is the answer unless the database failed it.
    template <typename Answer, typename Query>
    void read(Query query, std::function<void(Answer)> done) {
        const auto answer = std::make_shared<Answer>();
        pool.submit(
            [answer, query = std::move(query)](pqxx::connection& connection) {
                pqxx::nontransaction transaction(connection);
                *answer = query(transaction);
            },
            [answer, done = std::move(done)](const database::JobResult& result) {
                // A late job may still be writing its answer: touch it only when the job is over.
                done(result.outcome == database::Outcome::done ? std::move(*answer) : failed<Answer>(result));
            });
    }

    database::Pool pool;
    database::GroupedWriter<ServerAssignment, AssignmentAnswer> assignments;
    database::GroupedWriter<AwaitedAuthentication, std::monostate> awaited;
    database::GroupedWriter<AkaRequest, std::optional<AkaIssue>> aka_issues;

    using Authenticated = std::function<void(AuthenticationAnswer)>;
    /// MAR of a user with a card: his next sequence number becomes a vector.
    void issue(AkaRequest request, AuthenticationAnswer answer, Authenticated done) {
        aka_issues.submit(std::move(request), [answer = std::move(answer), done = std::move(done)](
                                                  const database::JobResult& result,
                                                  std::optional<std::optional<AkaIssue>> issued) mutable {
            if (!issued) return done(failed<AuthenticationAnswer>(result));
            if (*issued)
                answer.aka = aka::make_vector((*issued)->secret, (*issued)->sqn, random_challenge());
            else
                answer.result = Result::auth_scheme_not_supported;
            done(std::move(answer));
        });
    }

    /// A forged AUTS changes nothing and gets no vector (CX-60).
    void resynchronise(const std::string& private_identity, const Resynchronisation& said, AuthenticationAnswer answer,
                       Authenticated done) {
        struct Card {
            Result result = Result::unreachable;
            std::optional<aka::Number> sqn;
        };
        read<Card>(
            [private_identity, said](pqxx::nontransaction& transaction) {
                Card card;
                const pqxx::result rows = transaction.exec_prepared("aka_secret", private_identity);
                card.result = rows.empty() ? Result::auth_scheme_not_supported : Result::authorization_rejected;
                if (rows.empty()) return card;
                card.sqn = aka::open_auts({octets<aka::Block>(rows[0][0]), octets<aka::Block>(rows[0][1]), {}}, said);
                if (card.sqn) card.result = Result::success;
                return card;
            },
            [this, private_identity, answer = std::move(answer), done = std::move(done)](const Card& card) mutable {
                answer.result = card.result;
                if (card.result != Result::success) return done(std::move(answer));
                issue({private_identity, card.sqn}, std::move(answer), std::move(done));
            });
    }
};

PostgresDirectory::PostgresDirectory(database::PoolOptions options, database::Pool::StateChange state_change)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(state_change))) {}

PostgresDirectory::~PostgresDirectory() = default;

bool PostgresDirectory::known_down() const {
    return impl_->pool.known_down();
}

void PostgresDirectory::authorise(UserAuthorization query, std::function<void(ServerAnswer)> done) {
    impl_->read<ServerAnswer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            if (!query.failed_server.empty())
                transaction.exec_prepared("allow_reassignment", query.public_identity, query.failed_server);
            return server_answer(transaction.exec_prepared1("authorise", query.public_identity, query.private_identity,
                                                            query.visited_network, std::string(name(query.type)),
                                                            query.emergency));
        },
        std::move(done));
}

void PostgresDirectory::locate(LocationQuery query, std::function<void(ServerAnswer)> done) {
    impl_->read<ServerAnswer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            if (!query.failed_server.empty())
                transaction.exec_prepared("allow_reassignment", query.public_identity, query.failed_server);
            return server_answer(transaction.exec_prepared1("locate", query.public_identity, query.originating,
                                                            query.with_capabilities));
        },
        std::move(done));
}

void PostgresDirectory::authenticate(AuthenticationQuery query, std::function<void(AuthenticationAnswer)> done) {
    struct Answer : AuthenticationAnswer {
        bool to_be_noted = false;
    };
    AwaitedAuthentication note{query.public_identity, query.server_name};
    const auto card = query.resynchronisation;
    auto whose = query.private_identity;
    impl_->read<Answer>(
        [query = std::move(query)](pqxx::nontransaction& transaction) {
            const pqxx::row row =
                transaction.exec_prepared1("authentication", query.public_identity, query.private_identity,
                                           std::string(name(query.scheme)), query.server_name);
            Answer answer;
            answer.result = result_from_name(row[0].c_str());
            answer.scheme = row[1].c_str() == name(AuthenticationScheme::digest_aka_v1_md5)
                                ? AuthenticationScheme::digest_aka_v1_md5
                                : AuthenticationScheme::sip_digest;
            answer.digest = {text_or_empty(row[2]), text_or_empty(row[3]), text_or_empty(row[4])};
            answer.server_name = text_or_empty(row[5]);
            answer.to_be_noted = !row[6].is_null() && row[6].as<bool>();
            answer.registered = !row[7].is_null() && row[7].as<bool>();
            return answer;
        },
        [impl = impl_.get(), note = std::move(note), card, whose = std::move(whose),
         done = std::move(done)](Answer answer) {
            Impl::Authenticated noted = [impl, note, to_be_noted = answer.to_be_noted,
                                         done](AuthenticationAnswer given) {
                if (!to_be_noted || given.result != Result::success) return done(std::move(given));
                impl->awaited.submit(note, [given = std::move(given), done](const database::JobResult& result,
                                                                            const std::optional<std::monostate>&) {
                    done(result.outcome == database::Outcome::done ? given : failed<AuthenticationAnswer>(result));
                });
            };
            if (answer.result != Result::success || answer.scheme == AuthenticationScheme::sip_digest)
                return noted(std::move(answer));
            if (card) return impl->resynchronise(whose, *card, std::move(answer), std::move(noted));
            impl->issue({whose, std::nullopt}, std::move(answer), std::move(noted));
        });
}

void PostgresDirectory::assign(ServerAssignment query, std::function<void(AssignmentAnswer)> done) {
    impl_->assignments.submit(std::move(query), [done = std::move(done)](const database::JobResult& result,
                                                                         std::optional<AssignmentAnswer> answer) {
        done(answer ? std::move(*answer) : failed<AssignmentAnswer>(result));
    });
}

void PostgresDirectory::read_user(std::string public_identity, std::function<void(UserAnswer)> done) {
    impl_->read<UserAnswer>(
        [public_identity = std::move(public_identity)](pqxx::nontransaction& transaction) {
            UserAnswer answer;
            const pqxx::result rows = transaction.exec_prepared("read_user", public_identity);
            answer.result = rows.empty() ? Result::user_unknown : Result::success;
            if (rows.empty()) return answer;
            const pqxx::row row = rows.front();
            answer.user = {profile_from_json(row[2].c_str()), text_or_empty(row[0]), row[1].as<bool>(),
                           bindings_from_json(row[3].c_str())};
            return answer;
        },
        std::move(done));
}

void PostgresDirectory::load_bindings(std::string server_name, std::optional<std::int64_t> after, std::size_t limit,
                                      std::function<void(UserPage)> done) {
    impl_->read<UserPage>(
        [server_name = std::move(server_name), after, limit](pqxx::nontransaction& transaction) {
            UserPage page;
            const pqxx::result rows =
                transaction.exec_prepared("load_bindings", server_name, after.value_or(0), static_cast<int>(limit));
            for (const auto& row : rows) {
                page.users.push_back(
                    {profile_from_json(row[1].c_str()), server_name, false, bindings_from_json(row[2].c_str())});
                page.next = row[0].as<std::int64_t>();
            }
            if (page.users.size() < limit) page.next.reset();
            page.result = Result::success;
            return page;
        },
        std::move(done));
}

void PostgresDirectory::read_network(std::function<void(NetworkAnswer)> done) {
    impl_->read<NetworkAnswer>(
        [](pqxx::nontransaction& transaction) {
            NetworkAnswer answer;
            const pqxx::result servers = transaction.exec_prepared("servers");
            for (const auto& row : servers) {
                answer.servers.push_back({row[0].c_str(), numbers(row[1]), row[2].as<int>(), row[3].as<int>()});
            }
            const pqxx::result domains = transaction.exec_prepared("home_domains");
            for (const auto& row : domains) answer.home_domains.emplace_back(row[0].c_str());
            answer.result = Result::success;
            return answer;
        },
        std::move(done));
}

}  // namespace isthmus::subscriber
