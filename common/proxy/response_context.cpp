#include "common/proxy/response_context.hpp"

#include <algorithm>
#include <limits>

namespace isthmus::proxy {

int rank(int status) {
    if (status >= 600) return 0;
    const int by_class = status / 100 * 1000;
    if (status == 503) return 5999;  // says least about the callee (RFC 3261 16.7: becomes 500)
    if (status / 100 != 4) return by_class + status % 100;
    // These help the caller to try again.
    for (const int helpful : {401, 407, 415, 420, 484})
        if (status == helpful) return by_class;
    if (status == 408 || status == 430) return by_class + 900;  // silence says less than any word
    if (status == 487) return by_class + 950;
    return by_class + 100 + status % 100;
}

ResponseContext::ResponseContext(Kind kind, const std::vector<std::uint16_t>& groups, bool cancel_others)
    : kind_(kind), cancel_others_(cancel_others) {
    legs_.resize(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) legs_[i].group = groups[i];
}

Steps ResponseContext::start() {
    group_ = std::numeric_limits<std::uint16_t>::max();
    for (const Leg& leg : legs_) group_ = std::min(group_, leg.group);
    return start_group();
}

Steps ResponseContext::start_group() {
    Steps steps;
    bool more = false;
    for (std::size_t i = 0; i < legs_.size(); ++i) {
        if (legs_[i].state != State::waiting) continue;
        if (legs_[i].group != group_) {
            more = true;
            continue;
        }
        legs_[i].state = State::calling;
        const auto branch = static_cast<std::uint16_t>(i);
        steps.push_back({Do::start_branch, branch});
        if (kind_ == Kind::invite) steps.push_back({Do::start_timer_c, branch});
    }
    if (more && kind_ == Kind::invite) steps.push_back({Do::start_ring_timer, group_});
    return steps;
}

Steps ResponseContext::response(std::uint16_t branch, int status) {
    Leg& leg = legs_[branch];
    Steps steps;
    if (leg.state == State::done) {
        // RFC 3261 16.7 item 5: every 2xx to an INVITE goes upstream, whenever it comes.
        if (kind_ == Kind::invite && status >= 200 && status < 300) steps.push_back({Do::forward, branch});
        return steps;
    }
    if (status >= 200) return finish(branch, status, false);
    leg.state = State::proceeding;
    if (leg.cancel) {
        leg.cancel = false;
        steps.push_back({Do::cancel_branch, branch});
    }
    if (status == 100) return steps;
    if (kind_ == Kind::invite) steps.push_back({Do::start_timer_c, branch});
    if (!answered_ && !stop_) steps.push_back({Do::forward, branch});
    return steps;
}

Steps ResponseContext::redirected(std::uint16_t branch, std::size_t added) {
    Steps steps;
    const auto group = legs_[branch].group;
    legs_[branch].aside = true;
    const auto first = legs_.size();
    legs_.resize(first + std::min(added, room()));
    for (auto i = first; i < legs_.size(); ++i) {
        legs_[i].group = group;
        legs_[i].state = State::calling;
        steps.push_back({Do::start_branch, static_cast<std::uint16_t>(i)});
        if (kind_ == Kind::invite) steps.push_back({Do::start_timer_c, static_cast<std::uint16_t>(i)});
    }
    for (const Step& step : finish(branch, 302, false)) steps.push_back(step);
    return steps;
}

Steps ResponseContext::timed_out(std::uint16_t branch) {
    if (legs_[branch].state == State::done) return {};
    return finish(branch, 408, true);
}

Steps ResponseContext::transport_failed(std::uint16_t branch) {
    if (legs_[branch].state == State::done) return {};
    return finish(branch, 503, true);
}

Steps ResponseContext::undelivered(std::uint16_t branch, int status) {
    if (legs_[branch].state == State::done) return {};
    return finish(branch, status, true);
}

Steps ResponseContext::timer_c(std::uint16_t branch) {
    Steps steps;
    Leg& leg = legs_[branch];
    if (leg.state == State::proceeding)
        steps.push_back({Do::cancel_branch, branch});  // RFC 3261 16.8
    else if (leg.state == State::calling)
        return finish(branch, 408, true);
    return steps;
}

Steps ResponseContext::ring_timer() {
    Steps steps;
    if (stop_ || answered_ || !group_running()) return steps;
    cancel_pending(steps);
    return steps;
}

Steps ResponseContext::cancel() {
    Steps steps;
    if (answered_) return steps;
    cancelled_ = true;
    stop_ = true;
    cancel_pending(steps);
    if (!group_running()) conclude(steps);
    return steps;
}

Steps ResponseContext::expired() {
    Steps steps;
    if (answered_) return steps;
    answered_ = true;
    stop_ = true;
    steps.push_back({Do::answer, 0, 480});
    return steps;
}

Steps ResponseContext::finish(std::uint16_t branch, int status, bool own) {
    Steps steps;
    Leg& leg = legs_[branch];
    leg.state = State::done;
    leg.final = status;
    leg.own = own;
    if (status >= 200 && status < 300) {
        const bool first = !answered_;
        answered_ = true;
        stop_ = true;
        if (first || kind_ == Kind::invite) steps.push_back({Do::forward, branch});
        if (cancel_others_) cancel_pending(steps);
        return steps;
    }
    if (status >= 600) {
        stop_ = true;
        cancel_pending(steps);
    }
    if (group_running()) return steps;
    conclude(steps);
    return steps;
}

void ResponseContext::cancel_pending(Steps& steps) {
    if (kind_ != Kind::invite) return;  // RFC 3261 9.1
    for (std::size_t i = 0; i < legs_.size(); ++i) {
        Leg& leg = legs_[i];
        if (leg.state == State::proceeding)
            steps.push_back({Do::cancel_branch, static_cast<std::uint16_t>(i)});
        else if (leg.state == State::calling)
            leg.cancel = true;
    }
}

void ResponseContext::conclude(Steps& steps) {
    if (answered_) return;
    if (!stop_) {
        auto next = std::numeric_limits<std::uint16_t>::max();
        bool found = false;
        for (const Leg& leg : legs_) {
            if (leg.state != State::waiting) continue;
            next = std::min(next, leg.group);
            found = true;
        }
        if (found) {
            group_ = next;
            for (const Step& step : start_group()) steps.push_back(step);
            return;
        }
    }
    answered_ = true;
    const auto chosen = best();
    if (!chosen)
        steps.push_back({Do::answer, 0, 487});
    else if (kind_ != Kind::invite && legs_[*chosen].own && legs_[*chosen].final == 408 && !cancelled_)
        steps.push_back({Do::answer, *chosen, no_answer});  // it would come after the sender's own timer
    else if (legs_[*chosen].own)
        steps.push_back({Do::answer, *chosen,
                         cancelled_                    ? 487
                         : legs_[*chosen].final == 503 ? 500
                                                       : legs_[*chosen].final});
    else
        steps.push_back({Do::forward, *chosen});
}

bool ResponseContext::group_running() const {
    return std::any_of(legs_.begin(), legs_.end(),
                       [](const Leg& leg) { return leg.state == State::calling || leg.state == State::proceeding; });
}

bool ResponseContext::finished() const {
    return answered_ && !group_running();
}

std::optional<std::uint16_t> ResponseContext::best() const {
    std::optional<std::uint16_t> chosen;
    for (std::size_t i = 0; i < legs_.size(); ++i) {
        if (legs_[i].state != State::done || legs_[i].aside) continue;
        if (!chosen || rank(legs_[i].final) < rank(legs_[*chosen].final)) chosen = static_cast<std::uint16_t>(i);
    }
    return chosen;
}

}  // namespace isthmus::proxy
