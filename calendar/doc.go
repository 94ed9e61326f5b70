// Package calendar is the arithmetic of days and clocks as people in a zone see
// them: what "yesterday" means there, when a day begins, and where the bars of a
// chart are cut.
//
// A day is what its zone says. It has 23, 24 or 25 hours, or none where a zone
// crossed the date line; its midnight need not exist and may come twice. Nothing
// here adds 24 hours to get to the next day. Two rules hold throughout:
//
//   - A wall clock time that does not exist is the moment at which the clocks
//     were put forward over it.
//   - A wall clock time that comes twice is the first of the two.
//
// So the days of a zone follow each other without a gap or an overlap, and a day
// begins at one moment whoever asks.
//
// The package embeds the time zone database (time/tzdata, 450 kB of the binary),
// so that it knows the zones in a container that holds nothing but the binary.
//
// The API, the page and the command line use it. It knows of no log, only of
// audit's errors.
package calendar
