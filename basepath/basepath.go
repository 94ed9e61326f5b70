// Package basepath puts a handler that knows its paths from the root under a path of a host,
// as where a reverse proxy gives one host to several programs.
//
// It looks at the paths of requests alone. What answers say, links, redirects and cookies, is for
// the handler to lead under the same path. Package server uses it.
package basepath

import (
	"fmt"
	"net/http"
	"strings"
)

// Check returns an error unless base can be meant: empty for the root, else of segments of letters,
// digits and - . _ ~ that each begin with a slash.
func Check(base string) error {
	if base == "" {
		return nil
	}
	for _, segment := range strings.Split(base, "/")[1:] {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, odd) {
			return fmt.Errorf("must be a path such as /audit, of letters, digits and - . _ ~, and not end in a slash")
		}
	}
	if base[0] != '/' {
		return fmt.Errorf("must begin with a slash, as /audit does")
	}
	return nil
}

func odd(r rune) bool {
	return (r|0x20 < 'a' || r|0x20 > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._~", r)
}

// Handler answers what is below base by next, which sees the path without it. A path that is not
// below it is next's as it is: of a proxy that takes base away, and of whoever asks the program
// itself, as a probe of its health does.
func Handler(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	below := http.StripPrefix(base, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == base && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			to := base + "/"
			if r.URL.RawQuery != "" {
				to += "?" + r.URL.RawQuery
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, base+"/"):
			below.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
