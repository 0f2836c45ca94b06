// Why: the lock of an index in PostgreSQL: an advisory lock, which the server takes back when the
// connection ends.
#pragma once

#include "search/index/postgres_connection.h"
#include "search/index/work_lock.h"

namespace pioneer::search {

class PostgresLock : public WorkLock {
 public:
  explicit PostgresLock(const std::string& uri) : connection_(uri) {}
  bool TryAcquire() override {
    const pqxx::result rows = connection_.Query("SELECT pg_try_advisory_lock(508741228978)");
    held_ = rows[0][0].as<bool>();
    return held_;
  }
  void Release() override {
    // Said, so that another one may have it when this returns; otherwise the server notices soon.
    if (IsHeld()) connection_.RunScript("SELECT pg_advisory_unlock_all()");
    connection_.Close();
    held_ = false;
  }
  bool IsHeld() override {
    held_ = held_ && connection_.IsAlive();
    return held_;
  }

 private:
  PostgresConnection connection_;
  bool held_ = false;
};

}  // namespace pioneer::search
