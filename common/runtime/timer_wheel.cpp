#include "common/runtime/timer_wheel.hpp"

#include <algorithm>

namespace isthmus::runtime {

void Timer::disarm() {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
    if (armed_count_ != nullptr) --*armed_count_;
    armed_count_ = nullptr;
}

TimerWheel::TimerWheel(std::uint64_t now_ms) : current_(now_ms / tick_ms) {
    for (Ring& ring : rings_) ring.head.next_ = ring.head.previous_ = &ring.head;
}

TimerWheel::~TimerWheel() {
    for (Ring& ring : rings_) {
        while (ring.head.next_ != &ring.head) ring.head.next_->disarm();
        ring.head.next_ = ring.head.previous_ = nullptr;
    }
}

void TimerWheel::link(Timer& head, Timer& timer) {
    timer.next_ = &head;
    timer.previous_ = head.previous_;
    head.previous_->next_ = &timer;
    head.previous_ = &timer;
}

void TimerWheel::arm(Timer& timer, std::uint64_t now_ms, std::uint64_t delay_ms) {
    timer.disarm();
    // Rounded up, so that nothing fires early; never into a tick that has been fired.
    timer.due_ = std::max((now_ms + delay_ms) / tick_ms + 1, current_ + 1);
    link(rings_[timer.due_ % slots].head, timer);
    timer.armed_count_ = &armed_;
    ++armed_;
}

void TimerWheel::advance(std::uint64_t now_ms) {
    const auto target = now_ms / tick_ms;
    if (armed_ == 0) {
        current_ = std::max(current_, target);
        return;
    }
    while (current_ < target) {
        ++current_;
        Ring& ring = rings_[current_ % slots];
        // What is due moves to a list of its own first: firing may change the ring.
        Ring due;
        due.head.next_ = due.head.previous_ = &due.head;
        for (Timer* timer = ring.head.next_; timer != &ring.head;) {
            Timer* following = timer->next_;
            if (timer->due_ <= current_) {
                timer->next_->previous_ = timer->previous_;
                timer->previous_->next_ = timer->next_;
                link(due.head, *timer);
            }
            timer = following;
        }
        // When one throws the others fire at the next tick.
        const struct PutBack {
            TimerWheel& wheel;
            Ring& due;
            ~PutBack() {
                while (due.head.next_ != &due.head) {
                    Timer& timer = *due.head.next_;
                    timer.next_->previous_ = timer.previous_;
                    timer.previous_->next_ = timer.next_;
                    timer.due_ = wheel.current_ + 1;
                    link(wheel.rings_[timer.due_ % slots].head, timer);
                }
                due.head.next_ = due.head.previous_ = nullptr;
            }
        } put_back{*this, due};
        while (due.head.next_ != &due.head) {
            Timer& timer = *due.head.next_;
            timer.disarm();
            timer.target_.on_timer(timer.slot_);
        }
    }
}

}  // namespace isthmus::runtime
