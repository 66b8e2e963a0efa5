{
  description = "goen: a quiet companion for the inbox of someone who is looking for work in Japan";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      forAll = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
      manifest = (builtins.fromTOML (builtins.readFile ./Cargo.toml)).package;
    in
    {
      packages = forAll (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = manifest.name;
          version = manifest.version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          # The tests want mail servers, a desktop and a systemd of their own: `tests/run`.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          postInstall = ''
            installManPage packaging/man/goen.1 packaging/man/goen.toml.5
            for page in goen.1 goen.toml.5; do
              install -Dm644 packaging/man/ja/$page -t $out/share/man/ja/man''${page##*.}
            done
            installShellCompletion --bash --name goen packaging/completions/goen
            installShellCompletion --zsh packaging/completions/_goen
            installShellCompletion --fish packaging/completions/goen.fish
            install -Dm644 desktop/goen.desktop -t $out/share/applications
            install -Dm644 desktop/goen.svg -t $out/share/icons/hicolor/scalable/apps
            install -Dm644 desktop/goen.metainfo.xml -t $out/share/metainfo
            install -Dm644 systemd/goen.service -t $out/lib/systemd/user
            substituteInPlace $out/lib/systemd/user/goen.service \
              --replace-fail /usr/bin/goen $out/bin/goen \
              --replace-fail /bin/mkdir ${pkgs.coreutils}/bin/mkdir \
              --replace-fail /bin/kill ${pkgs.coreutils}/bin/kill
          '';
          meta = {
            inherit (manifest) description;
            license = [ pkgs.lib.licenses.mit pkgs.lib.licenses.asl20 ];
            mainProgram = "goen";
            platforms = systems;
          };
        };
      });

      # In a NixOS configuration: systemd.packages = [ goen ]; then `goen service install` as yourself.
      devShells = forAll (pkgs: {
        default = pkgs.mkShell { packages = [ pkgs.cargo pkgs.rustc pkgs.clippy pkgs.rustfmt ]; };
      });
    };
}
