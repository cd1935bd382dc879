/* Plain copy-on-write: fork shares, a store copies, the last owner's store upgrades.
 *
 * The default of the core in every hook. Wins when a child soon executes another program or stores
 * little; each page that both sides store to costs one fault and one copy more than eager copying.
 */
#include "../policy.h"

const struct policy policy_cow = {.name = "cow", .lazy_fork = true, .upgrades = true};
