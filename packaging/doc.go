// Packaging makes what people install: archives for each system, packages for Debian and
// Red Hat, an image for containers, a list of what is inside, and checksums of it all. The
// same commit gives the same bytes, whoever makes them: every time in them is the commit's.
//
// It is a module of its own, so that what it stands on does not get into the log. Nothing is
// sent anywhere. Run it from the project's root by "make dist".
//
//	main.go      what is made, in which order
//	build.go     the program for each system, and what it says of itself
//	extras.go    what goes with it: manual pages, completions, the unit, the configuration
//	archive.go   .tar.gz and .zip
//	linux.go     .deb and .rpm
//	image.go     the image, in a folder as the Open Container Initiative lays it out
//	sbom.go      the list of modules, as CycloneDX has it
package main
