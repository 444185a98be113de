package logs

import "strings"

// joinPath returns the compressed path of name in the folder dir (Zeek's
// build_path_compressed).
func joinPath(dir, name string) string {
	if dir == "" || isAbsolute(name) {
		return compressPath(name)
	}
	if !strings.HasSuffix(dir, "/") {
		dir += "/"
	}
	return compressPath(dir + name)
}

// isAbsolute reports whether a path begins at the root, of a drive if it has one. Like
// Zeek's pattern it rejects a path with a newline.
func isAbsolute(p string) bool {
	return rootLen(p) > 0 && !strings.Contains(p, "\n")
}

// rootLen returns the length of the root at the start of p: "/", or a drive as in "C:\".
func rootLen(p string) int {
	switch {
	case strings.HasPrefix(p, "/"):
		return 1
	case len(p) >= 3 && (p[0]|0x20 >= 'a' && p[0]|0x20 <= 'z') && p[1] == ':' && (p[2] == '/' || p[2] == '\\'):
		return 3
	}
	return 0
}

// absolutePath returns the first absolute path in s, which ends at a quote or unescaped
// space, or "" if there is none (Zeek's extract_path).
func absolutePath(s string) string {
	for i := range len(s) {
		n := rootLen(s[i:])
		if n == 0 {
			continue
		}
		j := i + n
		for j < len(s) {
			if s[j] == '\\' && j+1 < len(s) && s[j+1] == ' ' {
				j += 2
			} else if s[j] == '"' || s[j] == ' ' {
				break
			} else {
				j++
			}
		}
		return s[i:j]
	}
	return ""
}

// compressPath removes empty, "." and ".." components from a path (Zeek's compress_path). A
// path without any, or with only a leading dot, is unchanged.
func compressPath(p string) string {
	if !strings.Contains(p, "/.") && !strings.Contains(p, "//") {
		if len(p) > 1 {
			p = strings.TrimSuffix(p, "/")
		}
		return p
	}
	var parts []string
	for i, c := range strings.Split(p, "/") {
		if c == "" || c == "." && i > 0 {
			continue
		}
		n := len(parts)
		if c != ".." || n == 0 || parts[n-1] == "~" || parts[n-1] == ".." {
			parts = append(parts, c)
		} else if parts[n-1] == "." {
			parts[n-1] = ".."
		} else {
			parts = parts[:n-1]
		}
	}
	out := strings.Join(parts, "/")
	if strings.HasPrefix(p, "/") {
		out = "/" + out
	}
	return out
}
