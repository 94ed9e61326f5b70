package work

// kinds is how many kinds of resource there are.
const kinds = 8

// kindNames are the types of resource, in the order of app.ids.
var kindNames = [kinds]string{
	"Deployment", "Domain", "Route", "Disk", "Role", "ServiceAccount", "PullSecret", "WorkloadIdentity",
}

// act is something that people do, and how its detail reads. In a template
// #n is a small number, #h a digest of twelve digits, #a the app, #d its domain
// and #p who it is about.
type act struct {
	action  string
	kind    int
	share   int  // of a hundred
	located bool // has a location
	details []string
}

var acts = []act{
	{"deployment.deploy", 0, 36, true, []string{
		"Deployed revision #n, image #a@sha256:#h",
		"Deployed revision #n, image #a:1.#n.#n"}},
	{"deployment.rollback", 0, 3, true, []string{"Rolled back #a to revision #n"}},
	{"deployment.scale", 0, 9, true, []string{"Scaled #a from #n to #n replicas"}},
	{"deployment.pause", 0, 2, true, []string{"Paused #a with #n replicas running"}},
	{"deployment.resume", 0, 2, true, []string{"Resumed #a with #n replicas"}},
	{"deployment.delete", 0, 2, true, []string{"Deleted #a at revision #n"}},
	{"domain.create", 1, 5, false, []string{"Created domain v#n.#d, certificate #h requested"}},
	{"domain.purgeCache", 1, 12, false, []string{"Purged #n paths of #d", "Purged prefix /static/#h of #d"}},
	{"domain.delete", 1, 1, false, []string{"Deleted domain v#n.#d"}},
	{"route.create", 2, 8, true, []string{"Routed v#n.#d/api to deployment #a"}},
	{"disk.update", 3, 4, true, []string{"Grew disk of #a to #n GiB"}},
	{"role.grant", 4, 5, false, []string{"Granted role deployer to #p on #n resources"}},
	{"role.revoke", 4, 2, false, []string{"Revoked role deployer from #p"}},
	{"serviceAccount.createKey", 5, 4, false, []string{"Created key #h for #a, valid for #n days"}},
	{"pullSecret.create", 6, 3, false, []string{"Created pull secret for #a, digest #h"}},
	{"workloadIdentity.update", 7, 2, false, []string{"Bound #a to workload identity pool #h"}},
}

const (
	forbiddenDetail = "Permission #x is missing, request #h"
	errorDetail     = "Timed out after #n ms while waiting for #a, operation #h"
)

// The words that are searched for stand in details and nowhere else.
const (
	// CommonWord is in a third of all details.
	CommonWord = "image"
	// RareWord is in the details of one entry in rareEvery.
	RareWord  = "quarantined"
	rareEvery = 20_011
	rareText  = ", node quarantined"
)

// actOf maps a number below 100 to an act by their shares.
func actOf() [100]uint8 {
	var table [100]uint8
	n := 0
	for i, a := range acts {
		for range a.share {
			table[n] = uint8(i)
			n++
		}
	}
	return table
}
