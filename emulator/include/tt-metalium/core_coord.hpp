// Cores by logical coordinates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace tt::tt_metal {

struct CoreCoord {
    std::size_t x = 0;
    std::size_t y = 0;

    constexpr CoreCoord() = default;
    constexpr CoreCoord(std::size_t x, std::size_t y) : x(x), y(y) {}
    bool operator==(const CoreCoord&) const = default;
    auto operator<=>(const CoreCoord&) const = default;
    std::string str() const { return "(x=" + std::to_string(x) + ",y=" + std::to_string(y) + ")"; }
};

// Corners included.
struct CoreRange {
    CoreCoord start_coord;
    CoreCoord end_coord;

    CoreRange(const CoreCoord& point) : start_coord(point), end_coord(point) {}
    CoreRange(const CoreCoord& start, const CoreCoord& end) : start_coord(start), end_coord(end) {}
    bool operator==(const CoreRange&) const = default;
    bool contains(const CoreCoord& c) const {
        return c.x >= start_coord.x && c.x <= end_coord.x && c.y >= start_coord.y && c.y <= end_coord.y;
    }
    std::size_t size() const { return (end_coord.x - start_coord.x + 1) * (end_coord.y - start_coord.y + 1); }
    CoreCoord grid_size() const { return {end_coord.x - start_coord.x + 1, end_coord.y - start_coord.y + 1}; }

    // Row by row.
    class iterator {
      public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = CoreCoord;
        using difference_type = std::ptrdiff_t;
        using pointer = const CoreCoord*;
        using reference = const CoreCoord&;
        iterator(const CoreCoord& at, const CoreRange& range) : at_(at), range_(&range) {}
        reference operator*() const { return at_; }
        iterator& operator++() {
            if (at_.x == range_->end_coord.x)
                at_ = {range_->start_coord.x, at_.y + 1};
            else
                ++at_.x;
            return *this;
        }
        bool operator==(const iterator& other) const { return at_ == other.at_; }

      private:
        CoreCoord at_;
        const CoreRange* range_;
    };
    iterator begin() const { return {start_coord, *this}; }
    iterator end() const { return {{start_coord.x, end_coord.y + 1}, *this}; }
};

class CoreRangeSet {
  public:
    CoreRangeSet() = default;
    CoreRangeSet(const CoreRange& range) : ranges_{range} {}
    CoreRangeSet(const CoreCoord& core) : ranges_{CoreRange(core)} {}
    explicit CoreRangeSet(std::vector<CoreRange> ranges) : ranges_(std::move(ranges)) {}
    const std::vector<CoreRange>& ranges() const { return ranges_; }
    bool empty() const { return ranges_.empty(); }
    uint32_t num_cores() const {
        std::size_t n = 0;
        for (const CoreRange& range : ranges_) n += range.size();
        return static_cast<uint32_t>(n);
    }
    bool contains(const CoreCoord& core) const {
        for (const CoreRange& range : ranges_)
            if (range.contains(core)) return true;
        return false;
    }
    bool operator==(const CoreRangeSet&) const = default;

  private:
    std::vector<CoreRange> ranges_;
};

}  // namespace tt::tt_metal

using CoreCoord = tt::tt_metal::CoreCoord;
using CoreRange = tt::tt_metal::CoreRange;
using CoreRangeSet = tt::tt_metal::CoreRangeSet;
