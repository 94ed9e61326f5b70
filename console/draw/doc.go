// Package draw makes the HTML of pages and parts of them, of templates that it holds, and answers
// with it and with the files that pages refer to.
//
// What comes from entries is text and nothing else: templates escape it, hidden characters are
// spelled out, and links lead below the base path, on the finished page, so that no template can
// forget it. Assets are put together of the files in assets when the program starts, compressed
// once, and named by their hash, so that browsers keep them.
//
// It knows no visitor and reads nothing of the log. Package console alone uses it.
package draw
