#include "connector.h"

PSW_PLUGIN(payswitch::sim_bank::Connector, "org.payswitch.sim-bank", "0.1.0")
