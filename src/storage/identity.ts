/**
 * PORT: who this site is, and its secrets. Shared by all machines of the site, sent to nobody.
 */
export interface Identity {
  /** Names the whole of all sites; the audience of its tokens. */
  readonly cluster: string;
  readonly site: string;
  /** ES256, PKCS#8 PEM. */
  readonly privateKey: string;
}

/** A key of the ring that signs upload states. The newest signs, all verify. */
export interface UploadKey {
  readonly kid: string;
  /** 32 random bytes, base64url. */
  readonly secret: string;
  readonly createdAt: Date;
}

export interface IdentityStore {
  find(): Promise<Identity | undefined>;
  /** Keeps the identity, or gives back the one that is there already: the first machine wins. */
  establish(identity: Identity): Promise<Identity>;
  /** Newest first. */
  listUploadKeys(): Promise<UploadKey[]>;
  recordUploadKey(key: UploadKey): Promise<void>;
  deleteUploadKey(kid: string): Promise<void>;
}
