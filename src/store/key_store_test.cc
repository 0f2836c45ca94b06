// Why: who may use the API.
#include "store/key_store.h"

#include <gtest/gtest.h>

#include <set>

#include "store/test_support.h"

namespace pioneer {
namespace {

class KeyStoreTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<KeyStore> keys_ = OpenSqliteKeyStore(folder_.path() / "keys.db", clock_);
};

TEST_F(KeyStoreTest, OnlyTheSecretItselfOpens) {
  EXPECT_FALSE(keys_->HasKeys());
  const CreatedApiKey created = keys_->Create("laptop");
  EXPECT_TRUE(keys_->HasKeys());
  EXPECT_TRUE(created.secret.starts_with("pio-"));
  EXPECT_GE(created.secret.size(), 4u + 52u);
  EXPECT_EQ(keys_->Identify(created.secret)->name, "laptop");
  for (const std::string& wrong :
       {std::string(), created.secret + "a", created.secret.substr(0, 40), created.key.hint,
        Sha256Hex(created.secret), std::string(10'000, 'x'), std::string("' OR 1=1 --")}) {
    EXPECT_FALSE(keys_->Verify(wrong)) << wrong;
  }
}

TEST_F(KeyStoreTest, AnAdministratorsKeyIsOneFromTheStart) {
  const CreatedApiKey plain = keys_->Create("program"), admin = keys_->Create("me", true);
  EXPECT_FALSE(keys_->Identify(plain.secret)->is_admin);
  EXPECT_TRUE(keys_->Identify(admin.secret)->is_admin);
  EXPECT_FALSE(keys_->List()[0].is_admin);
  EXPECT_TRUE(keys_->List()[1].is_admin);
}

TEST_F(KeyStoreTest, SecretIsNotOnTheDisk) {
  const CreatedApiKey created = keys_->Create("laptop");
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    EXPECT_EQ(FileText(entry.path()).find(created.secret), std::string::npos);
  }
}

TEST_F(KeyStoreTest, RevokedKeyNoLongerOpens) {
  const CreatedApiKey a = keys_->Create("a");
  const CreatedApiKey b = keys_->Create("b");
  keys_->Revoke(a.key.id);
  EXPECT_FALSE(keys_->Verify(a.secret));
  EXPECT_TRUE(keys_->Verify(b.secret));
  EXPECT_EQ(ThrownCode([&] { keys_->Revoke(a.key.id); }), ErrorCode::kNotFound);
  ASSERT_EQ(keys_->List().size(), 1u);
  EXPECT_EQ(keys_->List()[0].name, "b");
}

TEST_F(KeyStoreTest, LastUseIsNotedToTheMinute) {
  const CreatedApiKey created = keys_->Create("a");
  EXPECT_FALSE(keys_->List()[0].last_used_at_ms);
  clock_.unix_ms = 1'000'000;
  keys_->Verify(created.secret);
  EXPECT_EQ(keys_->List()[0].last_used_at_ms, 1'000'000);
  clock_.unix_ms += 59'999;
  keys_->Verify(created.secret);
  EXPECT_EQ(keys_->List()[0].last_used_at_ms, 1'000'000);
  clock_.unix_ms += 1;
  keys_->Verify(created.secret);
  EXPECT_EQ(keys_->List()[0].last_used_at_ms, 1'060'000);
}

TEST_F(KeyStoreTest, NameIsChecked) {
  EXPECT_EQ(ThrownCode([&] { keys_->Create(""); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ThrownCode([&] { keys_->Create(std::string(201, 'x')); }), ErrorCode::kInvalidArgument);
}

TEST(Secrets, KnownHashAndDistinctIds) {
  // FIPS 180-4's example.
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(RandomId());
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_EQ(ids.begin()->size(), 26u);
  EXPECT_EQ(RandomId(32).size(), 52u);
}

}  // namespace
}  // namespace pioneer
