// What the colours of a picture mean, on white paper: the same in the drawing of an address space and in a
// walk.
#pragma once

#include <string_view>

namespace pagelab::console::picture::palette {

inline constexpr std::string_view kInk = "#1f2933";
inline constexpr std::string_view kFaint = "#6b7785";
inline constexpr std::string_view kHair = "#d5dbe1";
inline constexpr std::string_view kEmpty = "#f0f2f5";
inline constexpr std::string_view kKernel = "#ee8a1d";
inline constexpr std::string_view kKernelReadOnly = "#f8cd97";
inline constexpr std::string_view kUser = "#1f83d6";
inline constexpr std::string_view kUserReadOnly = "#a3cdf2";
inline constexpr std::string_view kSelfMap = "#b8349f";
inline constexpr std::string_view kValue = "#9aa5b1";
inline constexpr std::string_view kBroken = "#d7263d";
inline constexpr std::string_view kPage = "#12966a"; // where a walk ends well

} // namespace pagelab::console::picture::palette
