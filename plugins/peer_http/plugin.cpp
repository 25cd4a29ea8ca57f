#include "connector.h"

PSW_PLUGIN(payswitch::peer_http::Connector, "org.payswitch.peer-http", "0.1.0")
