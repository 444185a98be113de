// Package nearest finds the known name that a mistyped one most likely meant.
package nearest

import "strings"

// To returns the known name with the smallest edit distance to name, or "" if
// none is close. It ignores case and the difference between "-" and "_". It
// also compares the part of a known name after its last dot. A sufficiently
// long prefix is close to the whole name.
func To(name string, known []string) string {
	name = fold(name)
	best, bestDist := "", max(2, len(name)/3)+1
	for _, k := range known {
		f := fold(k)
		d := distance(name, f, bestDist)
		if len(name) >= 4 && strings.HasPrefix(f, name) {
			d = min(d, 2)
		}
		if i := strings.LastIndexByte(f, '.'); i >= 0 && d > 0 {
			// The distance is one more, so that a whole name is preferred to a
			// part.
			d = min(d, distance(name, f[i+1:], bestDist)+1)
		}
		if d < bestDist {
			best, bestDist = k, d
		}
	}
	return best
}

// Hint returns "; did you mean X?" for the nearest known name, or "" if there
// is none.
func Hint(name string, known []string) string {
	if n := To(name, known); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

func fold(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance counts the insertions, deletions, substitutions and swaps of
// neighbors that turn a into b, up to bound.
func distance(a, b string, bound int) int {
	if len(a)-len(b) >= bound || len(b)-len(a) >= bound {
		return bound
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], bound)
}
